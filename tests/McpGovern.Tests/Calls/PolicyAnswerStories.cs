using System.Text;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Calls;

/// <summary>What policy decides alone: allowed calls pass untouched, denied tools are not told from unknown ones.</summary>
public sealed class PolicyAnswerStories
{
    [Fact]
    public async Task Allowed_IsRecordedBeforeAndAfterAndItsResultIsUntouched()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync();
        Assert.Equal(FakeTools.OddResult, (await gateway.CallAsync("odd")).Raw);
        var call = Assert.Single(await gateway.AllAsync());
        Assert.Equal("CallSubmitted CallAllowed DispatchStarted CallSucceeded", await gateway.HistoryAsync(call.CallId));
        Assert.Null(await gateway.Store.LoadResultAsync(call.CallId, default));
    }

    [Fact]
    public async Task Allowed_WithALargeResult_IsUntouched()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync();
        var told = await gateway.CallAsync("big", """{"bytes":6000000}""");
        Assert.Equal($$"""{"content":[{"type":"text","text":"{{new string('x', 6_000_000)}}"}]}""", told.Raw);
    }

    [Theory]
    [InlineData("""{"n":1.0,"e":1e2,"big":9007199254740993}""")]
    [InlineData("""{"half":"\ud800","nul":"\u0000","slash":"\/"}""")]
    [InlineData("""{"é":"\u00e9"}""")]
    public async Task Arguments_ReachTheUpstreamAsTheyAreWritten(string arguments)
    {
        foreach (var policy in (string[])[Story.Open, Story.Gated])
        {
            await using var story = new Story(policy);
            var gateway = await story.StartAsync();
            var told = await gateway.CallAsync("pid", arguments);
            if (policy == Story.Gated)
            {
                await gateway.ApproveAsync(told.CallId);
                await gateway.UntilAsync(told.CallId, "succeeded");
            }

            Assert.Equal([$"pid {arguments}"], story.Ledger);
        }
    }

    [Theory]
    [InlineData(Story.Open)]
    [InlineData(Story.Gated)]
    public async Task Arguments_WithAKeyTwice_AreRefused(string policy)
    {
        await using var story = new Story(policy);
        var gateway = await story.StartAsync();
        Assert.True((await gateway.CallAsync("echo", """{"a":1,"b":{"c":1,"c":2}}""")).IsError);
        Assert.Empty(story.Ledger);
        Assert.Empty(await gateway.AllAsync());
    }

    [Fact]
    public async Task Allowed_RefusedByTheUpstream_IsThatJsonRpcError()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync();
        var told = await gateway.CallAsync("refuse");
        Assert.Equal(new CallAnswer.Error(-32050, "no such payment", """{"n":1.0}"""), told.Answer);
        Assert.Equal("failed", Assert.Single(await gateway.AllAsync()).Status);
    }

    [Fact]
    public async Task Gated_RefusedByTheUpstream_IsTheSameErrorWhileItsAgentWaits()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(Story.Long);
        var asking = gateway.CallAsync("refuse");
        var callId = await gateway.PendingAsync();
        await gateway.ApproveAsync(callId);
        Assert.Equal(new CallAnswer.Error(-32050, "no such payment", """{"n":1.0}"""), (await asking).Answer);
        var later = await gateway.ResultAsync(callId);
        Assert.True(later.IsError);
        Assert.Contains("-32050: no such payment", later.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Allowed_AnErrorResult_IsPassedOnAndRecordedAsFailed()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync();
        Assert.Equal("""{"content":[],"isError":true}""", (await gateway.CallAsync("is_error")).Raw);
        Assert.Equal("CallSubmitted CallAllowed DispatchStarted CallFailed", await gateway.HistoryAsync(Assert.Single(await gateway.AllAsync()).CallId));
    }

    [Fact]
    public async Task Allowed_WhoseUpstreamDiesAfterItWasSent_IsUnknownAndSentOnce()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync();
        var told = await gateway.CallAsync("crash");
        Assert.Equal((true, "outcome_unknown"), (told.IsError, told.Status));
        Assert.Single(story.Ledger);
    }

    [Fact]
    public async Task Allowed_WhileTheUpstreamIsAway_SaysThatNothingWasSent()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync();
        await gateway.Tools.ListAsync(Story.Agent, default);
        await story.StopAsync(gateway);
        story.SetAway(true);
        gateway = await story.StartAsync();
        var told = await gateway.CallAsync("echo");
        Assert.True(told.IsError);
        Assert.Contains("Nothing was sent", told.Text, StringComparison.Ordinal);
        Assert.Equal("CallSubmitted CallAllowed CallFailed", await gateway.HistoryAsync(Assert.Single(await gateway.AllAsync()).CallId));
    }

    [Fact]
    public async Task Denied_IsNotToldFromUnknown()
    {
        await using var story = new Story("deny: [echo]");
        var gateway = await story.StartAsync();
        var (denied, unknown) = (await gateway.CallAsync("echo"), await gateway.CallAsync("ghost"));
        Assert.Equal((true, "tool unavailable; pick another"), (denied.IsError, denied.Text));
        Assert.Equal(unknown.Raw, denied.Raw);
        Assert.Empty(story.Ledger);
        var call = Assert.Single(await gateway.AllAsync());
        Assert.Equal(("denied", "CallSubmitted CallDenied"), (call.Status, await gateway.HistoryAsync(call.CallId)));
    }

    [Fact]
    public async Task Denied_WhereThePolicyExplains_NamesTheRule()
    {
        await using var story = new Story("explain: true\ndeny: [echo]");
        var gateway = await story.StartAsync();
        var (denied, unknown) = (await gateway.CallAsync("echo"), await gateway.CallAsync("ghost"));
        Assert.NotEqual(unknown.Raw, denied.Raw);
        Assert.Contains("policy.yaml:2", denied.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tools_ThatMayNotBeRequested_AreNotListed()
    {
        await using var story = new Story("allow: [echo]\nrequire_approval_for: [pid]\ndeny: [\"*_error\"]");
        var gateway = await story.StartAsync();
        var names = (await gateway.Tools.ListAsync(Story.Agent, default)).Select(t => System.Text.Json.JsonElement.Parse(t).GetProperty("name").GetString());
        Assert.Equal(["echo", "pid"], names);
    }

    [Fact]
    public async Task Policy_IsBoundToServerAndTool_NotToTheAdvertisedName()
    {
        await using var story = new Story("allow: [\"a.*\", \"b.*\"]\ndeny: [\"a.echo\", \"b__echo\"]\nrequire_approval_for: [\"b.pid\"]");
        var gateway = await story.StartAsync(upstreams: [story.Upstream("a"), story.Upstream("b")]);
        Assert.Equal("tool unavailable; pick another", (await gateway.CallAsync("a__echo")).Text);
        Assert.False((await gateway.CallAsync("b__echo")).IsError);
        Assert.False((await gateway.CallAsync("a__pid")).IsError);
        Assert.Equal("pending", (await gateway.CallAsync("b__pid")).Status);
        Assert.Equal("tool unavailable; pick another", (await gateway.CallAsync("echo")).Text);
    }

    [Fact]
    public async Task Arguments_BeyondACap_AreRefusedByTheNameOfTheSetting()
    {
        await using var story = new Story("allow: [echo]\nrequire_approval_for: [pid]") { Limits = new(2, 200, 100) };
        var gateway = await story.StartAsync();
        await RefusedAsync("echo", 201, "caps.arguments");
        await RefusedAsync("pid", 101, "caps.gated_arguments");
        Assert.Equal(["a", "b"], (await Task.WhenAll(ParkAsync("a"), ParkAsync("b"))).Order());
        await RefusedAsync("pid", 20, "caps.pending_per_actor");
        Assert.Empty(story.Ledger);
        Assert.Equal(2, (await gateway.AllAsync()).Count);
        Assert.Equal("pending", (await gateway.CallAsync("pid", by: Story.Bob)).Status);

        async Task RefusedAsync(string tool, int bytes, string setting)
        {
            var arguments = $$"""{"x":"{{new string('x', bytes - 8)}}"}""";
            Assert.Equal(bytes, Encoding.UTF8.GetByteCount(arguments));
            Assert.Contains(setting, (await gateway.CallAsync(tool, arguments)).Text, StringComparison.Ordinal);
        }

        async Task<string> ParkAsync(string name)
        {
            await gateway.ParkAsync("pid", $$"""{"name":"{{name}}"}""");
            return name;
        }
    }

    [Theory]
    [InlineData(Story.Open)]
    [InlineData(Story.Gated)]
    [InlineData("default: deny")]
    public async Task Call_WhileTheStoreIsGone_IsRefusedAndNothingGoesUpstream(string policy)
    {
        await using var story = new Story(policy);
        // Its folder is a file.
        Gateway gateway = await story.StartAsync(serve: false, storeText: $"sqlite:{typeof(Story).Assembly.Location}/calls.db");
        var told = await gateway.CallAsync("echo");
        Assert.True(told.IsError);
        Assert.Contains("could not be recorded", told.Text, StringComparison.Ordinal);
        Assert.Empty(story.Ledger);
    }
}
