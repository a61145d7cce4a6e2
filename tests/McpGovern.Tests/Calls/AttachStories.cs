using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Calls;

/// <summary>A gated call that is sent again: when it is the same call, and when it is meant anew.</summary>
public sealed class AttachStories
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10), Moment = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Call_SentAgainWhilePending_IsTheSameCallHoweverItIsWritten()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo", """{"a":1,"b":[2]}""");
        Assert.Equal(callId, (await gateway.CallAsync("echo", """{ "b" : [2], "a" : 1 }""")).CallId);
        Assert.NotEqual(callId, (await gateway.CallAsync("echo", """{"a":1.0,"b":[2]}""")).CallId);
        Assert.NotEqual(callId, (await gateway.CallAsync("echo", """{"a":1,"b":[2]}""", by: Story.Bob)).CallId);
        Assert.NotEqual(callId, (await gateway.CallAsync("pid", """{"a":1,"b":[2]}""")).CallId);
        Assert.Equal(4, (await gateway.AllAsync()).Count);
    }

    [Fact]
    [Trait("attack", "S41")]
    public async Task Call_WithAnotherIdempotencyKey_IsMeantTwice()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var one = await gateway.ParkAsync("echo", key: "one");
        Assert.Equal(one, (await gateway.CallAsync("echo", key: "one")).CallId);
        Assert.NotEqual(one, await gateway.ParkAsync("echo", key: "two"));
        Assert.NotEqual(one, await gateway.ParkAsync("echo"));
    }

    [Fact]
    public async Task Call_SentFiftyTimesAtOnce_IsOneStream()
    {
        await using var story = new Story(Story.Gated);
        var gateways = new[] { await story.StartAsync(), await story.StartAsync() };
        var told = await Task.WhenAll(Enumerable.Range(0, 50).Select(n => gateways[n % 2].CallAsync("echo", """{"n":1}""")));
        Assert.Single(told.Select(t => t.CallId).Distinct());
        Assert.Single(await gateways[0].AllAsync());
    }

    [Fact]
    public async Task Call_SentAgainWhileApprovedOrRunning_AttachesToIt()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var arguments = $$"""{"file":"{{story.File("go on")}}"}""";
        var callId = await gateway.ParkAsync("until", arguments);
        await gateway.ApproveAsync(callId);
        Assert.Equal((callId, "approved"), await AgainAsync());
        var running = gateway.Dispatcher.Start(callId);
        await gateway.UntilAsync(callId, "dispatching");
        Assert.Equal((callId, "dispatching"), await AgainAsync());
        await System.IO.File.WriteAllTextAsync(story.File("go on"), "");
        await running;
        Assert.Single(story.Ledger);

        async Task<(string, string)> AgainAsync()
        {
            var told = await gateway.CallAsync("until", arguments);
            Assert.True(told.IsError);
            return (told.CallId, told.Status);
        }
    }

    [Fact]
    [Trait("attack", "S28")]
    public async Task Call_SentAgainAfterARejection_GetsItForTenMinutes()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");
        await gateway.DecideAsync(callId, "rejected", comment: "no");
        story.Time.Advance(Window - Moment);
        var again = await gateway.CallAsync("echo");
        Assert.Equal((callId, "rejected"), (again.CallId, again.Status));
        Assert.Contains("approval rejected by alice: no", again.Text, StringComparison.Ordinal);

        story.Time.Advance(Moment * 2);
        var anew = await gateway.ParkAsync("echo");
        Assert.NotEqual(callId, anew);
        Assert.Equal(callId, (await gateway.ViewAsync(anew)).EarlierCall);
    }

    [Fact]
    public async Task Call_SentAgainAfterItRan_GetsTheStoredResultAndIsNotRunAgain()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await RunAsync(gateway, "odd");
        story.Time.Advance(Window - Moment);
        var again = await gateway.CallAsync("odd");

        Assert.Equal((callId, "succeeded"), (again.CallId, again.Status));
        Assert.True(again.Meta.GetProperty("redelivered").GetBoolean());
        Assert.False(again.IsError);
        Assert.Matches("ran already at .*Z and was not run again", again.Text);
        var theirs = System.Text.Json.JsonElement.Parse(FakeTools.OddResult);
        Assert.Equal(theirs.GetProperty("content").EnumerateArray().Select(c => c.GetRawText()), again.Json.GetProperty("content").EnumerateArray().Skip(1).Select(c => c.GetRawText()));
        Assert.Equal(theirs.GetProperty("structuredContent").GetRawText(), again.Json.GetProperty("structuredContent").GetRawText());
        Assert.Single(story.Ledger);

        // That was its first delivery, from which the window is counted.
        story.Time.Advance(Window - Moment);
        Assert.Equal(callId, (await gateway.CallAsync("odd")).CallId);
        story.Time.Advance(Moment * 2);
        var anew = await gateway.ParkAsync("odd");
        Assert.Equal(callId, (await gateway.ViewAsync(anew)).EarlierCall);
    }

    [Fact]
    public async Task Call_DeliveredLate_AttachesForTenMinutesMoreButNeverBeyondADay()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var (early, late) = (await RunAsync(gateway, "echo", """{"n":1}"""), await RunAsync(gateway, "echo", """{"n":2}"""));
        var never = await RunAsync(gateway, "echo", """{"n":3}""");
        story.Time.Advance(TimeSpan.FromHours(20));
        Assert.NotEqual(never, await gateway.ParkAsync("echo", """{"n":3}"""));
        await gateway.ResultAsync(early);
        story.Time.Advance(Window - Moment);
        Assert.Equal(early, (await gateway.CallAsync("echo", """{"n":1}""")).CallId);
        story.Time.Advance(TimeSpan.FromHours(4) - Window - Moment);
        await gateway.ResultAsync(late);
        story.Time.Advance(Moment * 4);
        Assert.NotEqual(late, await gateway.ParkAsync("echo", """{"n":2}"""));
    }

    [Fact]
    public async Task Call_SentAgainWhenNobodyKnowsWhatBecameOfIt_IsNotSent()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("crash");
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "outcome_unknown");
        story.Time.Advance(TimeSpan.FromDays(30));
        var again = await gateway.CallAsync("crash");
        Assert.Equal((callId, "outcome_unknown", true), (again.CallId, again.Status, again.IsError));
        Assert.Single(story.Ledger);
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("cancelled")]
    public async Task Call_SentAgainAfterItEndedUndecided_IsANewCall(string how)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        if (how == "expired")
        {
            story.Time.Advance(TimeSpan.FromSeconds(301));
        }
        else
        {
            await gateway.Decisions.CancelAsync(new(Story.Agent, callId, "mcp", null), default);
        }

        var again = await gateway.CallAsync("echo");
        Assert.Equal("pending", again.Status);
        Assert.NotEqual(callId, again.CallId);
    }

    private static async Task<string> RunAsync(Gateway gateway, string tool, string arguments = "{}")
    {
        var callId = await gateway.ParkAsync(tool, arguments);
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "succeeded");
        return callId;
    }
}
