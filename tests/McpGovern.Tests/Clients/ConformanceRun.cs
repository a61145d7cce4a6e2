using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>One scenario of the official conformance suite against a gateway, with a person who approves whatever does not take a minute.</summary>
internal static class ConformanceRun
{
    private const string AgentKey = "a-key-that-only-this-test-has-0123456789", PersonKey = "a-key-of-a-person-for-this-test-0123456789";

    /// <summary>The exit code and what was written; all checks of the scenario passed where it is 0.</summary>
    public static async Task<Finished> OfAsync(string scenario, string revision, object policy)
    {
        var node = await NodeTools.RequireAsync();
        using var folder = new TempFolder();
        var proxyPort = GovernProcess.FreePort();
        var settings = folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = "sqlite:./store.db",
            hold = "0s",
            public_url = $"http://127.0.0.1:{proxyPort}",
            policy,
            mcpServers = new { up = new { command = node, args = new[] { NodeTools.ConformanceServer } } },
            actors = new[]
            {
                new { id = "agent:coder", roles = new[] { "caller" }, key = AgentKey },
                new { id = "alice", roles = new[] { "approver" }, key = PersonKey },
            },
        });
        await using var serving = await GovernProcess.ServeAsync(settings);
        await using var proxy = new ChildProcess(node, [NodeTools.ConformanceProxy, $"{proxyPort}", $"{serving.Address.Port}", AgentKey]);
        await Eventually.TrueAsync(() => proxy.Output.Contains("ready", StringComparison.Ordinal), () => proxy.Errors);
        using var stop = new CancellationTokenSource();
        var approving = ApproveAsync(serving.Address, stop.Token);
        await using var suite = new ChildProcess(
            node, [NodeTools.Conformance, "server", "--url", $"http://127.0.0.1:{proxyPort}/mcp", "--scenario", scenario, "--spec-version", revision, "--force"],
            workingDirectory: folder.Path);
        var finished = await suite.EndAsync(limit: TimeSpan.FromSeconds(120));
        await stop.CancelAsync();
        await approving;
        return finished;
    }

    // What takes a minute is there to be cancelled.
    private static async Task ApproveAsync(Uri gateway, CancellationToken ct)
    {
        using var http = new HttpClient { BaseAddress = gateway };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", PersonKey);
        try
        {
            while (true)
            {
                var cards = await http.GetFromJsonAsync<JsonObject>("/api/v1/approvals", ct);
                foreach (var card in cards!["calls"]!.AsArray().Where(card => !JsonSerializer.Serialize(card).Contains(":60,", StringComparison.Ordinal)))
                {
                    using var answer = await http.PostAsJsonAsync($"/api/v1/calls/{card!["call_id"]}/approve", new { }, ct);
                }

                await Task.Delay(100, ct);
            }
        }
        catch (OperationCanceledException)
        {
            // The suite is done.
        }
    }
}
