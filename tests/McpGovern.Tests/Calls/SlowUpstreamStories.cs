using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Storage;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Calls;

/// <summary>An upstream that answers nobody holds up its own calls, and nothing else.</summary>
public sealed class SlowUpstreamStories
{
    // More than are sent to one upstream at once.
    private const int Crowd = 20;

    [Fact]
    public async Task Calls_BesideAnUpstreamThatHangs_RunAllTheSame()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        await HangAsync(gateway, Crowd);

        var callId = await gateway.ParkAsync("well__echo");
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "succeeded");
    }

    [Fact]
    public async Task DeadOwnersCalls_BesideAnUpstreamThatHangs_AreGivenUp()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        await HangAsync(gateway, Crowd);
        var orphan = await gateway.ParkAsync("well__pid");
        var history = await gateway.EventsAsync(orphan);
        CallEvent[] lost = [.. TestCalls.ApprovedBy(history, "alice"), new DispatchStarted(1, "proc_dead", orphan, story.Time.GetUtcNow())];
        Assert.IsType<AppendResult.Appended>(await gateway.Store.AppendAsync(TestCalls.Of(orphan, history, lost), default));

        await gateway.UntilAsync(orphan, "outcome_unknown");
    }

    /// <summary>As many of its calls are approved as one look at the list finds.</summary>
    [Fact]
    public async Task Calls_BehindAThousandOfAnUpstreamThatHangs_RunAllTheSame()
    {
        await using var story = new Story(Story.Gated) { Limits = new(5000, 8 << 20, 1 << 20) };
        var gateway = await StartAsync(story, serve: false);
        await HangAsync(gateway, 1001);
        var callId = await gateway.ParkAsync("well__echo");
        await gateway.ApproveAsync(callId);

        gateway.Serve(() => true);

        await gateway.UntilAsync(callId, "succeeded");
    }

    [Fact]
    public async Task Calls_OfOneUpstream_AreSentSixteenAtOnce_AndTheOthersWhenThoseEnd()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var go = story.File("go");
        var ids = await Task.WhenAll(Enumerable.Range(0, Crowd).Select(async n =>
        {
            var callId = await gateway.ParkAsync("until", $$"""{"file":"{{go}}","n":{{n}}}""");
            await gateway.ApproveAsync(callId);
            return callId;
        }));
        await Processes.Eventually.TrueAsync(() => story.Ledger.Length == 16, () => $"{story.Ledger.Length} were sent");
        var later = await gateway.ParkAsync("echo");
        await gateway.DecideAsync(later, "rejected");
        Assert.Equal(16, story.Ledger.Length);

        await System.IO.File.WriteAllTextAsync(go, "");

        foreach (var id in ids)
        {
            await gateway.UntilAsync(id, "succeeded");
        }

        Assert.Equal(Crowd, story.Ledger.Length);
    }

    private static Task<Gateway> StartAsync(Story story, bool serve = true) =>
        story.StartAsync(serve: serve, upstreams: [story.Upstream("hung"), FakeUpstreamOptions.Config("well")]);

    private static Task HangAsync(Gateway gateway, int count) => Task.WhenAll(Enumerable.Range(0, count).Select(async n =>
    {
        var callId = await gateway.ParkAsync("hung__hang", $$"""{"n":{{n}}}""");
        await gateway.ApproveAsync(callId);
    }));
}
