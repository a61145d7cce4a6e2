using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Server;

/// <summary>An upstream over HTTP that is restarted between two calls is nothing that an agent has to know of.</summary>
public sealed class UpstreamRestartTests
{
    [Theory, InlineData(false), InlineData(true)]
    [Trait("row", "U9")]
    public async Task Call_AfterTheUpstreamWasRestarted_RunsOnceAsIfNothingHadBeen(bool modern)
    {
        var first = await FakeHttpUpstream.StartAsync(modern: modern);
        await using var gateway = await HttpGateway.StartAsync(options => options, first.Config());
        var session = await gateway.OpenSessionAsync();
        Assert.False(IsError(await gateway.CallAsync(session, "echo", """{"n":1}""")));
        var port = first.Root.Port;
        await first.DisposeAsync();
        await using var second = await FakeHttpUpstream.StartAsync(modern: modern, port: port);

        var result = await gateway.CallAsync(session, "echo", """{"n":2}""");

        Assert.False(IsError(result), result.GetRawText());
        Assert.Equal(["""echo {"n":2}"""], second.Ledger);
    }

    [Fact]
    public async Task Call_OfAToolThatTheRestartedUpstreamHasChanged_IsNotSentToIt()
    {
        var first = await FakeHttpUpstream.StartAsync();
        await using var gateway = await HttpGateway.StartAsync(options => options, first.Config());
        var session = await gateway.OpenSessionAsync();
        await gateway.CallAsync(session, "echo", "{}");
        var port = first.Root.Port;
        await first.DisposeAsync();
        await using var second = await FakeHttpUpstream.StartAsync(echoSchema: """{"type":"object","required":["all"]}""", port: port);

        Assert.True(IsError(await gateway.CallAsync(session, "echo", "{}")));

        Assert.Empty(second.Ledger);
    }

    /// <summary>The agent's call finds the old session gone, and somebody pulls the switch before it is sent again.</summary>
    [Fact]
    public async Task Call_FrozenWhileTheUpstreamRestarts_IsNotSentASecondTime()
    {
        var first = await FakeHttpUpstream.StartAsync();
        await using var gateway = await HttpGateway.StartAsync(options => options, first.Config());
        var session = await gateway.OpenSessionAsync();
        await gateway.CallAsync(session, "echo", "{}");
        var port = first.Root.Port;
        await first.DisposeAsync();
        await using var second = await FakeHttpUpstream.StartAsync(port: port);
        var olga = new Actor("olga", "key:olga", "key") { Roles = Roles.Operator };
        second.OnInitialize = () => gateway.Running.Gateway.FreezeHandler.FreezeAsync(new(olga, "all", null, "a drill", "rest"), default);

        var result = await gateway.CallAsync(session, "echo", """{"n":2}""");

        Assert.Empty(second.Ledger);
        Assert.Contains("Not executed: calls like this one are frozen by olga", result.GetRawText(), StringComparison.Ordinal);
        var call = (await gateway.Running.Gateway.AllAsync())[^1];
        Assert.Equal("failed", call.Status);
        Assert.StartsWith("nothing was sent: frozen by olga since ", call.Reason, StringComparison.Ordinal);
    }

    private static bool IsError(JsonElement result) => result.TryGetProperty("isError", out var isError) && isError.GetBoolean();
}
