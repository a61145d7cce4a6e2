using McpGovern.Calls;

namespace McpGovern.Tests.Calls;

/// <summary>A tool with <c>same_session</c>: a parked call does not outlive the upstream session that it was meant for.</summary>
public sealed class SameSessionStories
{
    private const string Tied = """
        default: allow
        require_approval_for: [{ tools: [echo], deadline: never, valid_for: never }]
        tools: { echo: { same_session: true } }
        """;

    private const string Untied = "default: allow\nrequire_approval_for: [{ tools: [echo], deadline: never, valid_for: never }]";

    [Fact]
    public async Task Session_ThatLives_RunsTheCall()
    {
        await using var story = new Story(Tied);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "succeeded");
        Assert.Single(story.Ledger);
    }

    /// <summary>With the control that, without the operator's word, the same call runs in the session after it.</summary>
    [Theory]
    [InlineData(Tied, "invalidated")]
    [InlineData(Untied, "pending")]
    public async Task Session_ThatEnds_EndsWhatWaitsForIt(string policy, string status)
    {
        await using var story = new Story(policy);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");

        Assert.True((await gateway.CallAsync("crash")).IsError);
        // Everybody else gets a new session at once.
        Assert.False((await gateway.CallAsync("pid")).IsError);

        var ended = await gateway.UntilAsync(callId, status);
        var answer = await gateway.DecideAsync(callId, "approved");
        if (status == "pending")
        {
            await gateway.UntilAsync(callId, "succeeded");
            return;
        }

        Assert.Equal("upstream: the session with fake that it was meant for is over", ended.Reason);
        Assert.Equal(("invalidated", (string?)null), (answer.Answer, answer.SupersededBy));
        Assert.DoesNotContain(story.Ledger, line => line.StartsWith("echo", StringComparison.Ordinal));
        // It never attaches to what is over: asked for again, it is meant for the session that there is now.
        var again = await gateway.ParkAsync("echo");
        await gateway.ApproveAsync(again);
        await gateway.UntilAsync(again, "succeeded");
    }

    [Fact]
    public async Task Session_OfAnotherProcess_IsLeftToItAndGoesWithIt()
    {
        await using var story = new Story(Tied);
        var (one, two) = (await story.StartAsync(), await story.StartAsync());
        var (ran, left) = (await one.ParkAsync("echo", """{"n":1}"""), await one.ParkAsync("echo", """{"n":2}"""));

        // The other one decides, and has a session of its own; the call runs where it was meant to.
        Assert.False((await two.CallAsync("pid")).IsError);
        await two.ApproveAsync(ran);
        await one.UntilAsync(ran, "succeeded");
        var process = Assert.Single((await one.EventsAsync(ran)).OfType<DispatchStarted>()).Process;
        Assert.Equal(process, ((CallSubmitted)(await one.EventsAsync(ran))[0]).UpstreamSession!.Process);

        await story.StopAsync(one);
        var ended = await two.UntilAsync(left, "invalidated");
        Assert.StartsWith("upstream: ", ended.Reason, StringComparison.Ordinal);
        Assert.Single(story.Ledger, line => line.StartsWith("echo", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Upstream_ThatIsAway_HasNoSessionToWaitFor()
    {
        await using var story = new Story(Tied);
        var before = await story.StartAsync();
        await before.CallAsync("pid");
        await story.StopAsync(before);
        story.SetAway(true);
        var gateway = await story.StartAsync();
        var told = await gateway.CallAsync("echo");
        Assert.StartsWith("Not executed: 'fake' is not available", told.Text, StringComparison.Ordinal);
        Assert.Single(await gateway.AllAsync());
    }

    [Fact]
    public async Task Policy_ThatTiesLater_EndsWhatWasMeantForNoSession()
    {
        await using var story = new Story(Untied);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");
        story.WritePolicy(Tied);
        Assert.Null((await gateway.UntilAsync(callId, "invalidated")).SupersededBy);
    }
}
