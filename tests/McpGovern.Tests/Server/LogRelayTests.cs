using System.Text.Json;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Server;

/// <summary>An upstream's log messages reach the caller whose call they belong to, as far as that caller wants them.</summary>
public sealed class LogRelayTests : IAsyncLifetime
{
    private FakeHttpUpstream _fake = null!;
    private HttpGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _fake = await FakeHttpUpstream.StartAsync(stream: true, extra: ["logs"]);
        _gateway = new HttpGateway { Options = new() { Upstreams = [_fake.Config()] } };
        await _gateway.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _fake.DisposeAsync();
    }

    [Theory]
    [InlineData(false, false, null, "1 2 3 4")]
    [InlineData(false, false, "debug", "1 2 3 4")]
    [InlineData(false, false, "notice", "2 4")]
    [InlineData(false, false, "error", "")]
    [InlineData(true, false, "warning", "2 4")]
    [InlineData(false, true, null, "")]
    [InlineData(false, true, "debug", "1 2 3 4")]
    [InlineData(true, true, "info", "2 4")]
    public async Task Messages_OfACall_ReachItsCallerFromItsOwnLevelOn(bool overStdio, bool stateless, string? level, string heard)
    {
        await using var client = overStdio ? await TalkingClient.OverStdioAsync(_gateway.Running, stateless) : await TalkingClient.OverHttpAsync(_gateway, stateless);
        if (!stateless && level is not null)
        {
            Assert.True((await client.AskAsync("logging/setLevel", $"\"level\":\"{level}\",")).TryGetProperty("result", out _));
        }

        await client.CallAsync("logs", """{"count":4}""", meta: stateless && level is not null ? $",\"io.modelcontextprotocol/logLevel\":\"{level}\"" : "");

        Assert.Equal(heard, string.Join(' ', client.Heard.Select(m => m.GetProperty("params").GetProperty("data").GetRawText())));
        Assert.All(client.Heard, m => Assert.Equal("1.0", m.GetProperty("params").GetProperty("x").GetRawText()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_WithProgress_KeepTheirOrder(bool stateless)
    {
        await using var client = await TalkingClient.OverHttpAsync(_gateway, stateless);
        for (var run = 0; run < 50; run++)
        {
            await client.CallAsync("logs", """{"count":6}""", meta: ",\"progressToken\":5" + (stateless ? ",\"io.modelcontextprotocol/logLevel\":\"debug\"" : ""));

            Assert.Equal("m1 p1 m2 p2 m3 p3 m4 p4 m5 p5 m6 p6", string.Join(' ', client.Heard.Select(Short)));
        }
    }

    [Fact]
    public async Task SetLevel_ToAWordThatIsNone_IsRefused()
    {
        var session = await _gateway.OpenSessionAsync();

        var (answer, _) = await _gateway.AskAsync(session, """{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"shout"}}""");

        Assert.True(JsonElement.Parse(answer).TryGetProperty("error", out _));
    }

    private static string Short(JsonElement message) => message.GetProperty("method").GetString() == "notifications/message"
        ? $"m{message.GetProperty("params").GetProperty("data").GetRawText()}"
        : $"p{message.GetProperty("params").GetProperty("progress").GetRawText()}";
}
