using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>
/// One gateway in front of the public server that shows everything, with all its doors open, for the clients of a test class. Echoes that
/// begin with <c>gated</c> are parked, others are not.
/// </summary>
public sealed class EverythingGateway : IAsyncLifetime
{
    private static readonly object Policy = new
    {
        version = 1,
        @default = "allow",
        deny = new[] { "everything.get-env" },
        require_approval_for = new object[]
        {
            new { tools = "everything.echo", when = new { message = new { glob = "gated*" } } },
            "everything.get-structured-content",
        },
    };

    private readonly Lazy<Task<GovernedServer>> _governed = new(async () =>
    {
        var node = await NodeTools.RequireAsync();
        return await GovernedServer.StartAsync(
            Door.Http, "everything", _ => new { command = node, args = new[] { NodeTools.ServerEverything, "stdio" } }, Policy);
    });

    internal Task<GovernedServer> StartedAsync() => _governed.Value;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_governed is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _governed.Value).DisposeAsync();
        }
    }

    /// <summary>Waits for a parked call with this text among its arguments, and approves it; its id.</summary>
    internal async Task<string> ApproveAsync(string text)
    {
        var governed = await StartedAsync();
        JsonNode? card = null;
        await Eventually.TrueAsync(
            async () => (card = (await governed.RunAsync("approvals"))["calls"]!.AsArray()
                .FirstOrDefault(call => call!["arguments"]?.ToJsonString().Contains(text, StringComparison.Ordinal) == true)) is not null,
            () => $"{text} was not parked");
        var id = (string)card!["call_id"]!;
        Assert.Equal("recorded", (string?)(await governed.RunAsync("approve", id))["answer"]);
        return id;
    }
}
