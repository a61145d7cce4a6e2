using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Calls;

/// <summary>Machines over one PostgreSQL whose clocks differ.</summary>
public sealed class LeaseStories
{
    [SkippableTheory]
    [InlineData(60)]
    [InlineData(-60)]
    public async Task LivingCall_SeenFromAMachineWithAnotherClock_IsNotGivenUp(int seconds)
    {
        await using var story = new Story(Story.Gated);
        var database = await PostgresServer.CreateDatabaseAsync();
        var owner = await story.StartAsync(serve: false, storeText: database);
        await owner.OpenAsync(default);
        owner.Serve(() => true);
        var callId = await owner.ParkAsync("until", $$"""{"file":"{{story.File("go")}}"}""");
        await owner.ApproveAsync(callId);
        await Eventually.TrueAsync(() => story.Ledger.Length == 1, "the call");

        var clock = new MovableTime();
        clock.Advance(TimeSpan.FromSeconds(seconds));
        var other = await story.StartAsync(storeText: database, time: clock);
        // Two sweeps and more of the other.
        for (var sweep = 0; sweep < 3; sweep++)
        {
            var own = await other.ParkAsync("echo", $$"""{"n":{{sweep}}}""");
            await other.ApproveAsync(own);
            await other.UntilAsync(own, "succeeded");
            await Task.Delay(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("dispatching", (await owner.ViewAsync(callId)).Status);
        await System.IO.File.WriteAllTextAsync(story.File("go"), "");
        await owner.UntilAsync(callId, "succeeded");
    }

    /// <summary>A machine that slept, whose own clock says when it wakes: before anything is sent, others are told that it lives.</summary>
    [SkippableFact]
    public async Task Lease_ThatEndedWhileItsMachineSlept_IsWrittenAgainAtOnce()
    {
        var clock = new MovableTime();
        await using var store = CallStores.Open(await PostgresServer.CreateDatabaseAsync(), clock, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        await using var keeper = new LeaseKeeper(store, clock, NullLogger<LeaseKeeper>.Instance);
        await keeper.EnsureAsync(default);
        await store.AppendAsync(TestCalls.Allow(process: keeper.ProcessId), default);
        await store.EndLeaseAsync(new ProcessLease(keeper.ProcessId, "", 0, ""), default);
        clock.Advance(TimeSpan.FromMinutes(1));

        await keeper.EnsureAsync(default);

        Assert.Empty(await store.FindOrphansAsync(10, default));
    }
}
