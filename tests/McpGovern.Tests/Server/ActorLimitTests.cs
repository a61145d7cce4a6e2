using System.Net;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>What one actor may use of the server at once: a refusal names its setting, reaches no upstream, and is nobody else's.</summary>
public sealed class ActorLimitTests : IAsyncLifetime
{
    private const string Ping = """{"jsonrpc":"2.0","id":5,"method":"ping"}""";

    private HttpGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await HttpGateway.StartAsync(options => options with { Limits = new(2, 1, 1) });

    public Task DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    [Trait("attack", "S7")]
    public async Task Requests_AtOnce_AreCappedInBothEras()
    {
        var session = await _gateway.OpenSessionAsync();
        var others = await _gateway.OpenSessionAsync(HttpGateway.OtherAgentKey);
        using var running = await _gateway.BeginAsync(ModernClient.Post(_gateway, ModernClient.Body("tools/call", "\"name\":\"slow\","), "slow"));
        await Eventually.TrueAsync(() => !_gateway.Running.Upstream.Calls.IsEmpty, () => "the call never arrived");

        await RefusedAsync(ModernClient.Post(_gateway, ModernClient.Body("tools/call", "\"name\":\"echo\","), "echo"), "caps.requests_per_actor");
        await RefusedAsync(_gateway.McpPost("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}""", session), "caps.requests_per_actor");
        await _gateway.AskAsync(others, Ping, HttpGateway.OtherAgentKey);
        Assert.Single(_gateway.Running.Upstream.Calls);

        running.Dispose();
        await Eventually.TrueAsync(async () => (await StatusAsync(_gateway.McpPost(Ping, session))).Status == HttpStatusCode.OK, () => "its place was not given back");
    }

    [Fact]
    public async Task Streams_AtOnce_AreCappedHoweverTheyWereOpened()
    {
        var session = await _gateway.OpenSessionAsync();
        using (var listening = await _gateway.BeginAsync(Listen()))
        {
            Assert.Equal(HttpStatusCode.OK, listening.StatusCode);
            await RefusedAsync(Listen(), "caps.streams_per_actor");
            await RefusedAsync(_gateway.McpGet(session), "caps.streams_per_actor");
            await _gateway.AskAsync(session, Ping);
        }

        await Eventually.TrueAsync(
            async () =>
            {
                using var again = await _gateway.BeginAsync(_gateway.McpGet(session));
                return again.StatusCode == HttpStatusCode.OK;
            },
            () => "its place was not given back");
    }

    [Fact]
    public async Task Sessions_MoreThanTheCap_TakeTheIdleOnesPlace()
    {
        var first = await _gateway.OpenSessionAsync();
        var second = await _gateway.OpenSessionAsync();
        using var listening = await _gateway.BeginAsync(_gateway.McpGet(first));

        var third = await _gateway.OpenSessionAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await StatusAsync(_gateway.McpPost(Ping, second))).Status);
        await _gateway.AskAsync(first, Ping);
        await _gateway.AskAsync(third, Ping);
    }

    [Fact]
    public async Task Sessions_AllInUse_AreNotTakenFromTheirClients()
    {
        await using var own = await HttpGateway.StartAsync(options => options with { Limits = new(1, 5, 5) });
        var session = await own.OpenSessionAsync();
        using var listening = await own.BeginAsync(own.McpGet(session));
        const string Initialize = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""";

        using var response = await own.Client.SendAsync(own.McpPost(Initialize));

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Contains("caps.sessions_per_actor", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await own.OpenSessionAsync(HttpGateway.OtherAgentKey);
    }

    private HttpRequestMessage Listen() =>
        ModernClient.Post(_gateway, ModernClient.Body("subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true},"), null);

    private async Task RefusedAsync(HttpRequestMessage request, string setting)
    {
        var (status, body) = await StatusAsync(request);
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.Contains(setting, body, StringComparison.Ordinal);
    }

    private async Task<(HttpStatusCode Status, string Body)> StatusAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await _gateway.Client.SendAsync(request);
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
    }
}
