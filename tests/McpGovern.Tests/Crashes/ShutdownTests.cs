using McpGovern.Calls;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>An orderly end in the middle of things: what can still be said is said, and the rest is another process's at once.</summary>
public sealed class ShutdownTests
{
    [SkippableTheory]
    [InlineData("postgres")]
    [InlineData("sqlite")]
    public async Task Serve_ThatIsEndedWithACallUnderWay_SaysSoItselfAndLeavesTheRestToAnother(string store)
    {
        // Far longer than any grace.
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.FromMinutes(10));
        await using var first = AgentClient.LaunchHttp(world.Settings, "0s");
        Assert.True(await first.ConnectAsync());
        var (sent, waiting) = ((await first.SubmitAsync("pay-1"))!.CallId!, (await first.SubmitAsync("pay-2"))!.CallId!);
        await ApproveAsync(sent);
        await Eventually.TrueAsync(() => world.ReadLedger().Count == 1, () => $"it was not run: {first.Process.Errors}");
        await using var second = AgentClient.LaunchHttp(world.Settings, "0s");
        Assert.True(await second.ConnectAsync());

        first.ExpectEnd();
        var ending = first.Process.StopAsync();
        await ApproveAsync(waiting);
        var end = await ending;

        Assert.True(end.ExitCode == 0, end.ToString());
        var unknown = (await EventsAsync(sent)).OfType<OutcomeUnknown>().Single();
        // Not the words of a process that found it dead.
        Assert.DoesNotContain("ended before an answer was stored", unknown.Why, StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => (await EventsAsync(waiting)).OfType<DispatchStarted>().Any(), () => $"nobody ran it: {second.Process.Errors}");
        await Eventually.TrueAsync(() => world.ReadLedger().Count == 2, () => $"nobody sent it: {second.Process.Errors}");
        Assert.Equal(["pay-1", "pay-2"], world.ReadLedger().Select(line => line.Payment).Order());
        Assert.Single((await EventsAsync(sent)).OfType<DispatchStarted>());

        async Task<IReadOnlyList<CallEvent>> EventsAsync(string callId) => (await world.Store.LoadAsync(callId, default))!.Events;

        async Task ApproveAsync(string callId)
        {
            var approved = await GovernProcess.RunToEndAsync("approve", world.Settings, [callId]);
            Assert.True(approved.ExitCode == 0, approved.ToString());
        }
    }

    [Theory]
    [InlineData(Story.Gated)]
    [InlineData(Story.Open)]
    public async Task Gateway_ThatEnds_GivesWhatIsUnderWayItsGrace(string policy)
    {
        await using var story = new Story(policy);
        var gateway = await story.StartAsync();
        gateway.Grace = TimeSpan.FromSeconds(40);
        var (callId, calling) = await OutageStories.SendAsync(story, gateway, policy);

        var ending = story.StopAsync(gateway);
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.False(ending.IsCompleted);
        await File.WriteAllTextAsync(story.File("go"), "");
        await ending;
        await calling;

        var next = await story.StartAsync(serve: false);
        Assert.Equal("succeeded", (await next.ViewAsync(callId)).Status);
    }
}
