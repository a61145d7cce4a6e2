using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Server;

namespace McpGovern.Tests.Clients;

/// <summary>
/// A gateway in front of the conformance suite's fixture, reached through a proxy that adds the key, with a person who approves
/// whatever does not take a minute.
/// </summary>
internal sealed class ConformanceGateway : IConformanceTarget
{
    private const string AgentKey = "a-key-that-only-this-test-has-0123456789", PersonKey = "a-key-of-a-person-for-this-test-0123456789";

    private readonly CancellationTokenSource _stop = new();
    private readonly TempFolder _folder;
    private readonly ServingProcess _serving;
    private readonly ChildProcess _proxy;
    private readonly Task _approving;

    private ConformanceGateway(TempFolder folder, ServingProcess serving, ChildProcess proxy, int port)
    {
        (_folder, _serving, _proxy) = (folder, serving, proxy);
        Url = new Uri($"http://127.0.0.1:{port}/mcp");
        _approving = ApproveAsync(serving.Address, _stop.Token);
    }

    public Uri Url { get; }

    /// <param name="fixture">The fixture's own arguments, first of all the era that it lets the gateway speak.</param>
    public static async Task<ConformanceGateway> StartAsync(string node, object policy, string[] fixture)
    {
        var folder = new TempFolder();
        var port = GovernProcess.FreePort();
        var (command, args) = ChildRole.CommandLine("conformance-upstream", fixture);
        var settings = folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = "sqlite:./store.db",
            hold = "0s",
            public_url = $"http://127.0.0.1:{port}",
            policy,
            mcpServers = new { up = new { command, args } },
            actors = new[]
            {
                new { id = "agent:coder", roles = new[] { "caller" }, key = AgentKey },
                new { id = "alice", roles = new[] { "approver" }, key = PersonKey },
            },
        });
        var serving = await GovernProcess.ServeAsync(settings);
        var proxy = new ChildProcess(node, [NodeTools.ConformanceProxy, $"{port}", $"{serving.Address.Port}", AgentKey]);
        await Eventually.TrueAsync(() => proxy.Output.Contains("ready", StringComparison.Ordinal), () => proxy.Errors);
        await MeetUpstreamAsync(serving.Address);
        return new ConformanceGateway(folder, serving, proxy, port);
    }

    // The suite wants some statuses within half a second, in which no upstream starts.
    private static async Task MeetUpstreamAsync(Uri gateway)
    {
        using var http = new HttpClient();
        await Eventually.TrueAsync(async () =>
        {
            var listing = ModernClient.Post(new Uri(gateway, "/mcp"), AgentKey, ModernClient.Body("tools/list"), name: null);
            var (_, answer) = await ModernClient.AskAsync(http, listing);
            return answer.GetRawText().Contains("test_simple_text", StringComparison.Ordinal);
        }, () => "the gateway never lists the fixture's tools");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _approving;
        await _proxy.DisposeAsync();
        await _serving.DisposeAsync();
        _folder.Dispose();
        _stop.Dispose();
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
                var calls = cards!["calls"]!.AsArray().Where(card => !JsonSerializer.Serialize(card).Contains(":60,", StringComparison.Ordinal));
                foreach (var card in calls)
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
