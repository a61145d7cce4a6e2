using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;

namespace McpGovern.Tests.Calls;

/// <summary>What becomes of a call that a dead process sent, where it may be sent again and that cannot be done at once.</summary>
public sealed class RecoveryStories
{
    private const string Idempotent = $"{Story.Gated}\ntools: {{ pid: {{ idempotent: true }} }}";
    private static readonly Actor Olga = new("olga", "key:olga", "key") { Roles = Roles.Operator };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Idempotent_WhoseUpstreamStaysAwayOrFrozen_BecomesUnknownAndIsResolved(bool isFrozen)
    {
        await using var story = new Story(Idempotent);
        var callId = await OrphanAsync(story);
        story.SetAway(!isFrozen);
        var gateway = await story.StartAsync(serve: false);
        if (isFrozen)
        {
            await gateway.FreezeHandler.FreezeAsync(new(Olga, "all", null, "a drill", "rest"), default);
        }

        gateway.Recovery.Patience = TimeSpan.FromSeconds(3);
        gateway.Serve(() => true);
        await gateway.UntilAsync(callId, "outcome_unknown");
        Assert.Equal("recorded", (await gateway.Decisions.ResolveAsync(new(Olga, callId, "rest", "failed", "looked"), default)).Answer);

        // It is back too late: a later call shows that the sweeps had their turn.
        story.SetAway(false);
        await gateway.FreezeHandler.UnfreezeAsync(new(Olga, "all", null, null, "rest"), default);
        var later = await gateway.ParkAsync("echo");
        await gateway.ApproveAsync(later);
        await gateway.UntilAsync(later, "succeeded");
        Assert.Equal("resolved", (await gateway.ViewAsync(callId)).Status);
        Assert.StartsWith("echo", Assert.Single(story.Ledger), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Idempotent_WhoseUpstreamComesBackInTime_IsSentAgain()
    {
        await using var story = new Story(Idempotent);
        var callId = await OrphanAsync(story);
        story.SetAway(true);
        var gateway = await story.StartAsync();
        await Eventually.TrueAsync(() => gateway.Upstreams.All[0].LastFailure is not null, "the first try");
        Assert.Equal("dispatching", (await gateway.ViewAsync(callId)).Status);

        story.SetAway(false);

        Assert.Equal(2, (await gateway.UntilAsync(callId, "succeeded")).Attempts);
        Assert.Single(story.Ledger);
    }

    [Fact]
    public async Task Idempotent_SeenByAProcessWithoutItsUpstream_IsLeftToOneThatHasIt()
    {
        await using var story = new Story(Idempotent);
        var callId = await OrphanAsync(story);
        var stranger = await story.StartAsync(upstreams: [story.Upstream("other")]);
        for (var sweep = 0; sweep < 3; sweep++)
        {
            var own = await stranger.ParkAsync("echo", $$"""{"n":{{sweep}}}""");
            await stranger.ApproveAsync(own);
            await stranger.UntilAsync(own, "succeeded");
        }

        Assert.Equal("dispatching", (await stranger.ViewAsync(callId)).Status);

        var able = await story.StartAsync();
        Assert.Equal(2, (await able.UntilAsync(callId, "succeeded")).Attempts);
    }

    [Fact]
    public async Task Idempotent_ThatNobodyHasTheUpstreamOf_BecomesUnknown()
    {
        await using var story = new Story(Idempotent);
        var callId = await OrphanAsync(story);
        var stranger = await story.StartAsync(serve: false, upstreams: [story.Upstream("other")]);
        stranger.Recovery.Patience = TimeSpan.FromSeconds(3);
        stranger.Serve(() => true);

        await stranger.UntilAsync(callId, "outcome_unknown");
    }

    /// <summary>A call of <c>pid</c> that a process sent that is dead by now.</summary>
    private static async Task<string> OrphanAsync(Story story)
    {
        Gateway gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("pid");
        await gateway.ApproveAsync(callId);
        var history = await gateway.EventsAsync(callId);
        await gateway.Store.AppendAsync(TestCalls.Of(callId, history, [new DispatchStarted(1, "proc_dead", callId, story.Time.GetUtcNow())]), default);
        await story.StopAsync(gateway);
        return callId;
    }
}
