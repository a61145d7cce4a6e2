using System.Net;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>The transport of 2024-11-05, which is there only where it was asked for, and lets nobody in by another way.</summary>
public sealed class LegacySseTests : IAsyncLifetime
{
    private const string Slow = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}""", Ping = """{"jsonrpc":"2.0","id":5,"method":"ping"}""";

    private HttpGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await HttpGateway.StartAsync(options => options with { LegacySse = true, Limits = new(10, 2, 2) });

    public Task DisposeAsync() => _gateway.DisposeAsync();

    [Theory, InlineData("GET", "/sse"), InlineData("POST", "/message?sessionId=x")]
    public async Task Paths_WhereItWasNotAskedFor_AreNotThere(string method, string path)
    {
        await using var usual = await HttpGateway.StartAsync(options => options);

        Assert.Equal(HttpStatusCode.NotFound, (await usual.SendAsync(new HttpMethod(method), path, HttpGateway.AgentKey, "{}")).Status);
    }

    [Fact]
    public async Task Connection_FromTheFirstEventToTheResult_SpeaksAsItsRevision()
    {
        using var connection = await SseConnection.OpenAsync(_gateway);
        Assert.Matches("^/message\\?sessionId=[0-9a-f]{32}$", connection.Endpoint);

        Assert.Equal("2024-11-05", (await connection.InitializeAsync()).GetProperty("result").GetProperty("protocolVersion").GetString());
        Assert.Equal(HttpStatusCode.Accepted, (await connection.PostAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""")).Status);
        var listed = await connection.AskAsync("""{"jsonrpc":"2.0","id":"l","method":"tools/list"}""");
        Assert.Contains(RawUpstream.EchoDefinition[1..^1], listed.GetRawText(), StringComparison.Ordinal);
        _gateway.Running.Upstream.Result = """{"content":[],"x":1.50}""";
        var called = await connection.AskAsync("""{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"n":1.50}}}""");
        Assert.Equal(_gateway.Running.Upstream.Result, called.GetProperty("result").GetRawText());
        Assert.Contains("\"arguments\":{\"n\":1.50}", _gateway.Running.Upstream.Calls.Single(), StringComparison.Ordinal);
        var parked = await connection.AskAsync("""{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"pay"}}""");
        Assert.Equal("pending", parked.GetProperty("result").GetProperty("_meta").GetProperty("mcpgovern/call").GetProperty("status").GetString());

        _gateway.Running.RaiseChanged();
        Assert.Contains("list_changed", (await connection.EventAsync())!.Value.Data, StringComparison.Ordinal);
        await connection.AskAsync(Slow.Replace("slow", "echo", StringComparison.Ordinal));
        await Eventually.TrueAsync(async () => (await connection.AskAsync(Ping)).ValueKind > 0 && connection.Heartbeats > 0, () => "no heartbeat");
    }

    [Theory]
    [InlineData("{", 400, -32700)]
    [InlineData("[" + Ping + "]", 400, -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"echo"}}""", 400, -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"pay"}}""", 400, -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2099-01-01"}}}""", 400, -32022)]
    public async Task Post_OfABadMessage_IsAnsweredAndReachesNoUpstream(string body, int status, int code)
    {
        using var connection = await SseConnection.OpenAsync(_gateway);
        await connection.InitializeAsync();

        var (answered, text) = await connection.PostAsync(body);

        Assert.Equal(status, (int)answered);
        Assert.Contains($"\"code\":{code}", text, StringComparison.Ordinal);
        await connection.AskAsync(Ping);
        Assert.Empty(_gateway.Running.Upstream.Calls);
    }

    [Fact]
    public async Task Post_ToWhatIsNotTheActorsConnection_IsNotFound()
    {
        using var connection = await SseConnection.OpenAsync(_gateway);
        const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}""";

        Assert.Equal(HttpStatusCode.Unauthorized, (await connection.PostAsync(Call, key: "wrong")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await connection.PostAsync(Call, key: HttpGateway.OtherAgentKey)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await connection.PostAsync(Call, "/message")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await connection.PostAsync(Call, $"/message?sessionId={new string('0', 32)}")).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await connection.PostAsync($$"""{"x":"{{new string('x', 10 << 20)}}"}""")).Status);
        Assert.Empty(_gateway.Running.Upstream.Calls);
        connection.Dispose();
        await Eventually.TrueAsync(async () => (await connection.PostAsync(Ping)).Status == HttpStatusCode.NotFound, () => "it outlived its stream");
    }

    [Fact]
    public async Task Requests_MoreThanTheCap_AreRefusedUntilOneIsAnsweredOrCancelled()
    {
        using var connection = await SseConnection.OpenAsync(_gateway);
        await connection.InitializeAsync();
        for (var id = 1; id <= 2; id++)
        {
            Assert.Equal(HttpStatusCode.Accepted, (await connection.PostAsync(Slow.Replace("\"id\":1", $"\"id\":{id}", StringComparison.Ordinal))).Status);
        }

        var (status, why) = await connection.PostAsync(Ping);
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.Contains("caps.requests_per_actor", why, StringComparison.Ordinal);

        await connection.PostAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""");
        await connection.AskAsync(Ping);
        _gateway.Running.Upstream.Release.TrySetResult();
        await connection.EventAsync();
        await connection.AskAsync(Ping);
    }

    [Fact]
    public async Task Connections_MoreThanTheCap_AreRefusedForThatActorAlone()
    {
        using var first = await SseConnection.OpenAsync(_gateway);
        using var second = await SseConnection.OpenAsync(_gateway);

        var (status, body) = await _gateway.SendAsync(HttpMethod.Get, "/sse", HttpGateway.AgentKey);

        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.Contains("caps.streams_per_actor", body.GetRawText(), StringComparison.Ordinal);
        using var others = await SseConnection.OpenAsync(_gateway, HttpGateway.OtherAgentKey);
    }

    [Fact]
    public async Task Stop_OfTheServer_EndsTheStream()
    {
        using var connection = await SseConnection.OpenAsync(_gateway);

        await _gateway.StopAsync();

        Assert.Null(await connection.EventAsync());
    }
}
