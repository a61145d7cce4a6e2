using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Does what is due, whoever left it undone: expires, takes over from the dead, runs what was approved.</summary>
internal sealed partial class Sweeper(
    ICallStore store, CallStreams streams, Dispatcher dispatcher, Recovery recovery, Outcomes outcomes, Freezes freezes, UpstreamSessions sessions, UpstreamSet upstreams, string scope,
    TimeSpan retention, TimeProvider time, ILogger<Sweeper> log)
{
    private const int Batch = 100;

    // More than a batch: what this process may not judge stays in the list, and must not keep it from the others.
    private const int Dispatches = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Housekeeping = TimeSpan.FromHours(1);

    // A dispatch that had looked just before may record its deferral just after.
    private static readonly TimeSpan ThawFor = TimeSpan.FromSeconds(3);

    // Of calls that are past due: they stay at the head of that list for as long as this process lives.
    private readonly HashSet<string> unreadable = [];

    private DateTimeOffset housekeptAt = DateTimeOffset.MinValue;
    private IReadOnlyList<Freeze>? seen;
    private long seenAt, sweptAt, backAt, lookedAt;

    /// <summary>Past-due calls expire before any decision is taken.</summary>
    public async Task ExpireAsync(CancellationToken ct)
    {
        int due, limit, done;
        do
        {
            limit = Batch + unreadable.Count;
            var calls = await store.FindPastDueAsync(time.GetUtcNow(), limit, ct);
            (due, done) = (calls.Count, 0);
            foreach (var callId in calls.Where(callId => !unreadable.Contains(callId)))
            {
                done += await TryExpireAsync(callId, ct) ? 1 : 0;
            }
        }
        while (due == limit && done > 0);
    }

    /// <summary>A history that cannot be read is left as it is, and must not keep the others from their ends.</summary>
    /// <returns>Whether the call is not looked at again.</returns>
    private async Task<bool> TryExpireAsync(string callId, CancellationToken ct)
    {
        try
        {
            FaultPoints.At(FaultPoint.ExpireBeforeAppend);
            var executed = await streams.ExecuteAsync(callId, new CallCommand.Expire(time.GetUtcNow()), ct);
            FaultPoints.At(FaultPoint.ExpireAppended);
            return executed is { New.Count: > 0 };
        }
        catch (InvalidDataException e)
        {
            LogUnreadable(callId, e.Message);
            return unreadable.Add(callId);
        }
    }

    /// <summary>Runs until it is cancelled.</summary>
    /// <param name="mayClaim">Whether this process runs approved calls that nobody here waits for.</param>
    /// <param name="open">Makes the store ready where that is still to be done: it may have been away when the process started.</param>
    public async Task RunAsync(Func<bool> mayClaim, Func<CancellationToken, Task> open, CancellationToken ct)
    {
        var cursor = new StoreCursor();
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await open(ct);
                await SweepAsync(mayClaim, ct);
                await store.WaitForChangeAsync(cursor, Pause, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is StoreUnavailableException or StoreRefusedException or InvalidDataException)
            {
                LogSweepFailed(e.Message);
                await Task.Delay(Pause, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>What can be said of this process's own calls while it still can.</summary>
    public async Task FinishAsync()
    {
        try
        {
            await outcomes.RecordKeptAsync(default);
            lookedAt = 0;
            await SettleAsync(default);
            await dispatcher.WhenIdleAsync();
        }
        catch (StoreUnavailableException e)
        {
            LogSweepFailed(e.Message);
        }
    }

    private async Task SweepAsync(Func<bool> mayClaim, CancellationToken ct)
    {
        await ExpireAsync(ct);
        await outcomes.RecordKeptAsync(ct);
        await SettleAsync(ct);
        await RecoverAsync(ct);
        foreach (var callId in sessions.Lost())
        {
            _ = recovery.EndTied(callId, dispatcher.ProcessId);
        }

        if (mayClaim())
        {
            var fingerprints = upstreams.All.Select(u => u.Config.Fingerprint).ToArray();
            foreach (var callId in await FindDispatchableAsync([.. fingerprints.Where(f => !dispatcher.IsCrowded(f))], ct))
            {
                _ = dispatcher.Start(callId);
            }

            await ThawAsync(fingerprints, ct);
        }

        if (time.GetUtcNow() - housekeptAt > Housekeeping)
        {
            housekeptAt = time.GetUtcNow();
            await store.DropResultsAsync(housekeptAt - retention, ct);
            await store.DropStateAsync(housekeptAt, ct);
        }
    }

    // As many as there are of one upstream must not hide another's.
    private async Task<IReadOnlyList<string>> FindDispatchableAsync(string[] fingerprints, CancellationToken ct)
    {
        var found = await store.FindDispatchableAsync(scope, fingerprints, time.GetUtcNow(), Dispatches, ct);
        if (found.Count < Dispatches || fingerprints.Length == 1)
        {
            return found;
        }

        var all = new List<string>();
        foreach (var fingerprint in fingerprints)
        {
            all.AddRange(await store.FindDispatchableAsync(scope, [fingerprint], time.GetUtcNow(), Dispatches, ct));
        }

        return all;
    }

    /// <summary>What stands in this process's name and is not under way here was never sent.</summary>
    private async Task SettleAsync(CancellationToken ct)
    {
        if (lookedAt != 0 && time.GetElapsedTime(lookedAt) < Pause)
        {
            return;
        }

        lookedAt = time.GetTimestamp();
        foreach (var row in await store.FindByStatusAsync(scope, "dispatching", int.MaxValue, ct))
        {
            if (row.Process == dispatcher.ProcessId && !outcomes.IsUnderWay(row.CallId))
            {
                _ = recovery.Settle(row.CallId);
            }
        }
    }

    private async Task RecoverAsync(CancellationToken ct)
    {
        if (!MayTakeOver())
        {
            return;
        }

        foreach (var orphan in await store.FindOrphansAsync(Dispatches, ct))
        {
            // What is ours is settled, whatever became of our lease.
            if (orphan.Scope == scope && orphan.Process is { } dead && dead != dispatcher.ProcessId)
            {
                _ = orphan.Status == "dispatching" ? recovery.Recover(orphan.CallId, dead) : recovery.EndTied(orphan.CallId, dead);
            }
        }
    }

    // After an outage nobody's lease stands, and the living get the time to renew theirs before they are taken for dead.
    private bool MayTakeOver()
    {
        var now = time.GetTimestamp();
        if (sweptAt != 0 && time.GetElapsedTime(sweptAt, now) > LeaseKeeper.Lease / 2)
        {
            backAt = now;
        }

        sweptAt = now;
        return backAt == 0 || time.GetElapsedTime(backAt, now) > LeaseKeeper.Lease;
    }

    // What was put off because of a freeze that is lifted runs now, not when its pause is over.
    private async Task ThawAsync(string[] fingerprints, CancellationToken ct)
    {
        var now = await freezes.CurrentAsync(ct);
        if (seen is null || !seen.SequenceEqual(now))
        {
            (seen, seenAt) = (now, time.GetTimestamp());
        }
        else if (time.GetElapsedTime(seenAt) > ThawFor)
        {
            return;
        }

        foreach (var row in await store.FindByStatusAsync(scope, "approved", int.MaxValue, ct))
        {
            if (row.RetryAt is not null && fingerprints.Contains(row.Fingerprint)
                && await TryLoadAsync(row.CallId, ct) is { State: CallState.Approved { Deferred.Why: var why } } call
                && why.StartsWith(Freeze.Word, StringComparison.Ordinal) && !now.Any(freeze => freeze.Holds(call.Known.Call)))
            {
                _ = dispatcher.Start(row.CallId);
            }
        }
    }

    private async Task<LoadedCall?> TryLoadAsync(string callId, CancellationToken ct)
    {
        try
        {
            return await streams.LoadAsync(callId, ct);
        }
        catch (InvalidDataException e)
        {
            LogUnreadable(callId, e.Message);
            return null;
        }
    }

    [LoggerMessage(1040, LogLevel.Warning, "The sweep was not finished and is tried again: {Why}")]
    private partial void LogSweepFailed(string why);

    [LoggerMessage(1041, LogLevel.Error, "{CallId} cannot be read, and nothing is done with it: {Why}")]
    private partial void LogUnreadable(string callId, string why);
}
