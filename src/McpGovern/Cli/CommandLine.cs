using System.CommandLine;
using McpGovern.Calls;

namespace McpGovern.Cli;

/// <summary>The verbs of the one binary.</summary>
internal static class CommandLine
{
    private const int BadUsage = 2;

    // After SIGTERM the open ends are recorded and the upstreams are ended; the library's own 2 s would cut that off.
    private static readonly InvocationConfiguration Patient = new() { ProcessTerminationTimeout = TimeSpan.FromSeconds(10) };

    public static RootCommand Root()
    {
        var root = new RootCommand("McpGovern stands between agents and their MCP servers: it checks every tool call, parks those that need a decision, and runs an approved call once.");
        foreach (var verb in (Command[])
        [
            ServeVerbs.Stdio(),
            ServeVerbs.Serve(),
            WrapVerb.Build(),
            .. CallVerbs.Build(),
            DecideVerb.Build(),
            .. FreezeVerbs.Build(),
            GrantVerbs.Build(),
            ToolVerbs.Build(),
            PolicyVerbs.Build(),
            KeyVerbs.Build(),
            DoctorVerb.Build(),
            HealthVerb.Build(),
            ImportVerb.Build(),
            DemoVerb.Build(),
            FaultsVerb.Build(),
        ])
        {
            root.Subcommands.Add(verb);
        }

        return root;
    }

    public static async Task<int> RunAsync(string[] args)
    {
        if (FaultPoints.WhyNot is { } why)
        {
            await Console.Error.WriteLineAsync(why);
            return BadUsage;
        }

        var parsed = Root().Parse(WrapVerb.WithDashes(args));
        if (parsed.Errors.Count == 0)
        {
            return await parsed.InvokeAsync(Patient);
        }

        foreach (var error in parsed.Errors)
        {
            await Console.Error.WriteLineAsync(error.Message);
        }

        return BadUsage;
    }
}
