using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>A process that stalls beyond its lease in the middle of a call, and comes back.</summary>
public sealed class FrozenOwnerTests
{
    [SkippableTheory]
    [InlineData("postgres")]
    [InlineData("sqlite")]
    public async Task Call_OfAFrozenProcess_BecomesUnknownAndKeepsItsLateAnswer(string store)
    {
        // The upstream's answer comes while its reader is frozen; it is given up after its lease, of 15 s.
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.FromSeconds(15));
        await using var owner = AgentClient.Launch(world.Settings, hold: "50s");
        Assert.True(await owner.ConnectAsync());
        var parked = new TaskCompletionSource<string>();
        var asking = owner.SubmitAsync("pay-1", callId => parked.TrySetResult(callId));
        var callId = await parked.Task.WaitAsync(Eventually.Limit);
        var approved = await GovernProcess.RunToEndAsync("approve", world.Settings, [callId]);
        Assert.True(approved.ExitCode == 0, approved.ToString());
        await Eventually.TrueAsync(() => world.ReadLedger().Count == 1, () => $"it was not run: {owner.Process.Errors}");

        await world.FreezeAsync(owner.Process);
        try
        {
            await using var other = await GovernProcess.ServeAsync(world.Settings);
            await Eventually.TrueAsync(async () => await StatusAsync() == "outcome_unknown", () => $"nobody gave the frozen process up: {other.Process.Errors}");
            // Two sweeps more, in which it might be sent again.
            await Task.Delay(TimeSpan.FromSeconds(5));
        }
        finally
        {
            owner.Process.Thaw();
        }

        await Eventually.TrueAsync(async () => await StatusAsync() == "resolved", () => $"the late answer was not kept: {owner.Process.Errors}");
        var events = (await world.Store.LoadAsync(callId, default))!.Events;
        Assert.Equal("succeeded", Assert.Single(events.OfType<OutcomeArrivedLate>()).Outcome);
        Assert.Single(events.OfType<DispatchStarted>());
        Assert.Single(world.ReadLedger());
        Assert.NotNull(await asking);
        Assert.Contains("paid 1 EUR for pay-1", (await owner.FetchAsync(callId))!.Text, StringComparison.Ordinal);

        async Task<string> StatusAsync() => Oracle.StatusOf((await world.Store.LoadAsync(callId, default))!);
    }
}
