using System.CommandLine;
using System.Text.Json;
using McpGovern.Policy;
using McpGovern.Settings;
using McpGovern.Upstreams;

namespace McpGovern.Cli;

/// <summary>One word in front of an existing stdio server: <c>stdio</c> with that server as its only upstream, and no settings file.</summary>
internal static class WrapVerb
{
    private static readonly Option<string?>
        Name = new("--name") { Description = "What policy calls the server (default: the last part of the command's path)", HelpName = "NAME" },
        Policy = new("--policy")
        {
            Description = "The policy file (default: mcpgovern-policy.yaml here, then in the user's configuration folder; without any, everything is allowed and recorded)",
            HelpName = "FILE",
        };

    private static readonly Argument<string[]> Server = new("command")
    {
        Description = "The server's command and its arguments. It gets this process's environment, except MCPGOVERN_*",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly string[] PolicyVariables = ["MCPGOVERN_POLICIES", "MCPGOVERN_POLICY"];

    // All take a value.
    private static readonly string[] Ours = [.. new Option[] { Name, Policy, SharedOptions.As, SharedOptions.Store, SharedOptions.Hold }.Select(option => option.Name)];

    public static Command Build()
    {
        var command = new Command("wrap", "Serve one MCP client over stdin and stdout, with one stdio server behind and no settings file")
        {
            Name, Policy, SharedOptions.As, SharedOptions.Store, SharedOptions.Hold, Server,
        };
        command.SetAction((parsed, ct) => ServeVerbs.StdioAsync(Load(parsed, SettingsSources.OfProcess()), parsed, ct));
        return command;
    }

    /// <summary>
    /// With the two dashes that some launchers swallow: the first word that is no option of ours begins the server's command, as for
    /// <c>env</c> or <c>nice</c>, and what follows is the server's whatever it looks like.
    /// </summary>
    internal static string[] WithDashes(string[] args)
    {
        var at = 1;
        while (at < args.Length && args[at].StartsWith('-') && args[at] != "--")
        {
            at += Ours.Contains(args[at]) ? 2 : 1;
        }

        return args is ["wrap", ..] && at < args.Length && args[at] != "--" ? [.. args[..at], "--", .. args[at..]] : args;
    }

    private static GovernSettings? Load(ParseResult parsed, SettingsSources sources)
    {
        var server = parsed.GetValue(Server)!;
        var name = parsed.GetValue(Name) ?? Path.GetFileName(server[0].TrimEnd('/'));
        if (ToolName.GovernedServer(name).Length == 0)
        {
            Console.Error.WriteLine($"the server '{Printed.Line(name)}' has no name; give it one with --name");
            return null;
        }

        var flags = new Dictionary<string, string>(SharedOptions.Flags(parsed));
        if (!FindPolicy(parsed.GetValue(Policy), sources, flags))
        {
            return null;
        }

        return Composition.Report(SettingsLoad.LoadWithoutFile(sources, flags)) is not { } settings ? null : settings with
        {
            Upstreams = [Upstream(name, server, sources.WorkingDirectory)],
            // The same server started again in the same folder finds the calls that are parked for it; another one there, or this one
            // elsewhere, is none of its business. That the command is still the same is for the upstream's fingerprint to say.
            Scope = settings.Name ?? $"wrap:{name}:{sources.WorkingDirectory}",
        };
    }

    /// <summary>Whoever named a policy, or has one lying there, must never be left with none: only where there is no file at all is everything allowed.</summary>
    private static bool FindPolicy(string? named, SettingsSources sources, Dictionary<string, string> flags)
    {
        if (named is null && PolicyVariables.FirstOrDefault(sources.Environment.ContainsKey) is { } variable)
        {
            Console.Error.WriteLine($"McpGovern: the policy is that of {variable}");
            return true;
        }

        if (named is not null && !File.Exists(named))
        {
            Console.Error.WriteLine($"--policy: there is no file {Printed.Line(Path.GetFullPath(named))}; create it, or name another");
            return false;
        }

        if ((named ?? sources.DiscoverPolicy()) is { } file)
        {
            flags["policies"] = JsonSerializer.Serialize(new[] { file });
            // An agent that may write here may write its own policy; who reads the client's log should be able to see that.
            var remark = named is null && Path.GetDirectoryName(file) == sources.WorkingDirectory
                ? ", found in the working directory: whoever may write there may change it (--policy names one elsewhere)" : "";
            Console.Error.WriteLine($"McpGovern: the policy is {Printed.Line(Path.GetFullPath(file))}{remark}");
        }
        else
        {
            flags["policy"] = "{ default: allow }";
            Console.Error.WriteLine("*** McpGovern only watches: there is no policy, so every call is ALLOWED and recorded, and none is held for approval. ***");
            Console.Error.WriteLine($"*** Write mcpgovern-policy.yaml in {sources.WorkingDirectory} or {sources.ConfigFolder}, or name a file with --policy. ***");
        }

        return true;
    }

    // The client gave the server's environment to us, so it is passed on; nothing here is a setting, so `${VAR}` is left as it is written.
    private static UpstreamConfig Upstream(string name, string[] server, string folder) => new(
        name, ToolName.GovernedServer(name), "stdio", server[0], server[1..], new Dictionary<string, string>(), folder, null, new Dictionary<string, string>())
    {
        InheritsEnvironment = true,
    };
}
