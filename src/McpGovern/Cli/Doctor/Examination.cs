using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Settings;
using McpGovern.Storage;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Cli;

/// <summary>Tries everything that serving needs: policy, store, and every upstream for real.</summary>
internal static class Examination
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(GovernSettings settings, CancellationToken ct) =>
        [.. Policy(settings), .. Forms(settings), await StoreAsync(settings, ct), .. await ServersAsync(settings, ct)];

    private static IEnumerable<Finding> Policy(GovernSettings settings)
    {
        var failures = settings.PolicyInputs.SelectMany(input => Failures(input, settings.Directory)).ToArray();
        return failures.Length > 0
            ? failures.Select(failure => Finding.Fail("policy", $"{failure.File}:{failure.Line}: {failure.Problem}", failure.Cure))
            : [Finding.Ok("policy", string.Join(", ", settings.PolicyInputs.Select(input => input.ShownAs)))];
    }

    // A form is answered by the caller, so it takes one whom the rule lets decide. Tokens name actors that nobody knows here.
    private static IEnumerable<Finding> Forms(GovernSettings settings)
    {
        var callers = Composition.Actors(settings).Where(entry => entry.Roles.HasFlag(Roles.Caller))
            .Select(entry => new Actor(entry.Id, "", "") { Roles = entry.Roles, Groups = entry.Groups }).ToArray();
        return settings.Actors.Count == 0 || settings.Tokens is not null ? []
            : settings.PolicyInputs.SelectMany(input => input.Read().File is { } file ? file.Lists.Concat(file.Rules) : [])
                .Where(rule => rule.Terms is { Ask: "form" } terms && !callers.Any(caller => CallAccess.MayApprove(caller, terms.Approvers)))
                .Select(rule => Finding.Warn("policy", $"{rule.Source}: 'ask: form' asks the caller to decide, and no caller among the actors may",
                    "name one in the rule's approvers, give a caller the role approver, or use ask: url"));
    }

    private static IEnumerable<Diagnostic> Failures(PolicyInput input, string folder) =>
        input.Inline is null ? PolicyCheck.Check(input.Path!, folder).Errors
        : input.Read().File is { } file ? PolicyCheck.Failures(file, file.Tests)
        : [];

    private static async Task<Finding> StoreAsync(GovernSettings settings, CancellationToken ct)
    {
        const string Subject = "store";
        try
        {
            await using var store = CallStores.Open(settings.Store, TimeProvider.System, NullLoggerFactory.Instance);
            await store.PrepareAsync(ct);
            return Finding.Ok(Subject, store.Description);
        }
        catch (StoreUnavailableException e)
        {
            return Finding.Fail(Subject, e.Message, "start it, or correct 'store'");
        }
        catch (Exception e) when (e is StoreRefusedException or FormatException)
        {
            return Finding.Fail(Subject, e.Message, "name another with 'store'");
        }
    }

    private static async Task<IEnumerable<Finding>> ServersAsync(GovernSettings settings, CancellationToken ct)
    {
        if (settings.Upstreams.Count == 0)
        {
            return [Finding.Warn("servers", "there is none, so agents see no tools", "write a block mcpServers")];
        }

        await using var servers = new UpstreamSet(settings.Upstreams, new UpstreamLimits(), TimeProvider.System, NullLoggerFactory.Instance);
        var connects = await Task.WhenAll(servers.All.Select(server => ConnectAsync(server, ct)));
        return [.. connects, .. Names(servers)];
    }

    private static async Task<Finding> ConnectAsync(Upstream server, CancellationToken ct)
    {
        var subject = $"server {server.Name}";
        try
        {
            var connection = await server.ConnectAsync(ct);
            var finding = connection.Tools.Count > 0
                ? Finding.Ok(subject, $"speaks {connection.ProtocolVersion}, {connection.Tools.Count} {(connection.Tools.Count == 1 ? "tool" : "tools")}")
                : Finding.Warn(subject, $"speaks {connection.ProtocolVersion}, and has no tools", "check its configuration");
            return finding with { ProtocolVersion = connection.ProtocolVersion, Tools = connection.Tools.Count };
        }
        catch (CredentialException e)
        {
            return Finding.Fail(subject, e.Message, "make it readable for who runs this, or correct the reference");
        }
        catch (UpstreamUnavailableException e)
        {
            return Finding.Fail(subject, e.Message, server.Config.Transport == "stdio"
                ? $"run its command by hand in {server.Config.Cwd}, with no more than its env block"
                : "check its address and headers, and that it is up");
        }
    }

    private static IEnumerable<Finding> Names(UpstreamSet servers)
    {
        var all = servers.All.SelectMany(server => (server.KnownTools ?? []).Select(tool => (Server: server.Name, Tool: tool.Name))).ToArray();
        foreach (var (server, tool) in all.Where(t => GovernedTools.IsReserved(t.Tool)))
        {
            yield return Finding.Warn($"tool {server}.{tool}", "agents do not see it: names that begin so are reserved", "rename it in the server");
        }

        if (NameTwins.Find(all) is { Count: > 0 } twins)
        {
            // One line for all: two servers of one kind have dozens.
            yield return Finding.Warn("tools",
                $"called alike in several servers: {string.Join("; ", twins.Select(group => string.Join(", ", group.Select(twin => $"{twin.Server}.{twin.Tool}"))))}; "
                + "agents see each with its server's name, and who goes by the tool's name alone may take one for the other",
                "leave out the server that should not have it, or deny its tool by its whole name");
        }

        var only = servers.All.Count == 1;
        foreach (var (shown, (server, tool)) in AdvertisedNames.Assign([.. all.Where(t => !GovernedTools.IsReserved(t.Tool))], only))
        {
            if (shown != (only ? tool : $"{server}__{tool}"))
            {
                yield return Finding.Warn($"tool {server}.{tool}", $"agents see it as {shown}: its name is too long, has odd characters, or is another's too",
                    "rename the server or the tool if agents should see a plainer one; policy is not concerned");
            }
        }
    }
}
