using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams;

public sealed class StdioCallTests
{
    [Theory]
    [InlineData("""{"n":1e2,"f":1.0,"big":9007199254740993,"long":0.1000000000000000055511151231257827}""")]
    [InlineData("""{"lone":"\ud800","nul":"\u0000","slash":"\/","é":"\u00e9","😀":"\ud83d\ude00","html":"<&>'"}""")]
    [InlineData("""{"b":1,"a":{"z":[],"y":{}},"dup":1,"dup":2}""")]
    [InlineData("{}")]
    public async Task Call_WithAwkwardArguments_ReachesTheUpstreamAsWritten(string arguments)
    {
        await using var host = UpstreamHost.Stdio();

        var received = await host.TextAsync("echo", arguments);

        Assert.Equal($$"""{"name":"echo","arguments":{{arguments}}}""", received);
        Assert.Equal([$"echo {arguments}"], host.Ledger);
    }

    [Fact]
    public async Task Call_WithLineEndsInItsArguments_StaysOneLine()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.Contains("""{ "a":  1 }""", await host.TextAsync("echo", "{\n\"a\":\r\n1\n}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_WithMeta_RelaysAllButWhatBelongsToOneHop()
    {
        await using var host = UpstreamHost.Stdio();

        var received = await host.TextAsync(
            "echo", "{}", """{"progressToken":"theirs","vendor/x":1.0,"traceparent":"00-a","io.modelcontextprotocol/protocolVersion":"x"}""");

        Assert.Equal("""{"name":"echo","arguments":{},"_meta":{"vendor/x":1.0,"traceparent":"00-a"}}""", received);
    }

    [Fact]
    public async Task Result_OfUnknownShape_PassesByteForByte()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.Equal(FakeTools.OddResult, UpstreamHost.Text(await host.CallAsync("odd")));
    }

    [Fact]
    public async Task Result_WithMembersOfOneEra_LosesOnlyThose()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.Equal("""{"content":[],"_meta":{"k":1.0}}""", UpstreamHost.Text(await host.CallAsync("modern_only")));
    }

    [Fact]
    public async Task Result_OfSixMegabytes_Passes()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.Equal(6_000_000, (await host.TextAsync("big", """{"bytes":6000000}""")).Length);
    }

    [Fact]
    public async Task Arguments_OfSixMegabytes_Pass()
    {
        await using var host = UpstreamHost.Stdio();
        var arguments = $$"""{"s":"{{new string('y', 6_000_000)}}"}""";

        Assert.Contains(arguments, await host.TextAsync("echo", arguments), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_AboveTheCap_IsLostAndEndsTheConnection()
    {
        await using var host = UpstreamHost.Stdio(new UpstreamLimits { MaxMessageBytes = 100_000 });
        var connection = await host.ConnectAsync();

        var answer = await host.CallAsync("big", """{"bytes":1000000}""");

        Assert.Contains("more than 100000 bytes", Assert.IsType<UpstreamAnswer.Lost>(answer).Reason, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => connection.Closed.IsCancellationRequested, "the end of the connection");
        Assert.Equal("ok", await host.TextAsync("no_such_name"));
    }

    [Fact]
    public async Task Answer_WithIsError_IsAResult()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.True(Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("is_error")).IsError);
        Assert.False(Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("odd")).IsError);
    }

    [Fact]
    [Trait("row", "U5")]
    public async Task Answer_WithAnError_IsKnownWithItsData()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.Equal(new UpstreamAnswer.Error(-32050, "no such payment", """{"n":1.0}"""), await host.CallAsync("refuse"));
        Assert.Equal(new UpstreamAnswer.Error(1, "the upstream gave no reason", null), await host.CallAsync("refuse_no_text"));
    }

    [Fact]
    public async Task Answer_ThatAsksForInput_IsAKnownRefusal()
    {
        await using var host = UpstreamHost.Stdio();

        var error = Assert.IsType<UpstreamAnswer.Error>(await host.CallAsync("input_required"));
        Assert.Contains("input_required", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_ThatIsNoResult_IsLost()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.IsType<UpstreamAnswer.Lost>(await host.CallAsync("not_a_result"));
    }

    [Fact]
    public async Task Answer_GivenTwice_CountsOnce()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.Equal("first", await host.TextAsync("twice"));
        Assert.Equal("ok", await host.TextAsync("anything"));
    }

    [Fact]
    [Trait("attack", "S40")]
    public async Task Answer_UnderAnotherId_IsNobodys()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.Equal("mine", await host.TextAsync("wrong_id"));
    }

    [Fact]
    [Trait("row", "U1")]
    public async Task Upstream_ThatWritesNoise_IsUnderstood()
    {
        await using var host = UpstreamHost.Stdio("--noise");

        Assert.Equal("first", await host.TextAsync("twice"));
        Assert.Equal(FakeTools.OddResult, UpstreamHost.Text(await host.CallAsync("odd")));
    }

    [Fact]
    public async Task Upstream_ThatAsksItsClient_IsToldThatNobodyAnswers()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.Contains("-32601", await host.TextAsync("ask"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_AtOnce_GetTheirOwnAnswers()
    {
        await using var host = UpstreamHost.Stdio();

        var texts = await Task.WhenAll(Enumerable.Range(0, 100).Select(n => host.TextAsync("echo", $$"""{"n":{{n}}}""")));

        Assert.Equal(Enumerable.Range(0, 100).Select(n => """{"name":"echo","arguments":{"n":""" + n + "}}"), texts);
        Assert.Single(host.Log, line => line.StartsWith("start ", StringComparison.Ordinal));
    }
}
