using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Does what is due, whoever left it undone: expires, takes over from the dead, runs what was approved.</summary>
internal sealed partial class Sweeper(
    ICallStore store, CallStreams streams, Dispatcher dispatcher, Freezes freezes, UpstreamSet upstreams, string scope,
    TimeSpan retention, TimeProvider time, ILogger<Sweeper> log)
{
    private const int Batch = 100;

    // More than a batch: what this process may not judge stays in the list, and must not keep it from the others.
    private const int Dispatches = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Housekeeping = TimeSpan.FromHours(1);

    // A dispatch that had looked just before may record its deferral just after.
    private static readonly TimeSpan ThawFor = TimeSpan.FromSeconds(3);

    private DateTimeOffset housekeptAt = DateTimeOffset.MinValue;
    private IReadOnlyList<Freeze>? seen;
    private long seenAt, lookedAt;

    /// <summary>Past-due calls expire before any decision is taken.</summary>
    public async Task ExpireAsync(CancellationToken ct)
    {
        int due, expired;
        do
        {
            var calls = await store.FindPastDueAsync(time.GetUtcNow(), Batch, ct);
            (due, expired) = (calls.Count, 0);
            foreach (var callId in calls)
            {
                expired += await TryExpireAsync(callId, ct) ? 1 : 0;
            }
        }
        while (due == Batch && expired > 0);
    }

    // A history that cannot be read is left as it is, and must not keep the others from their ends.
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
            return false;
        }
    }

    /// <summary>Runs until it is cancelled.</summary>
    /// <param name="mayClaim">Whether this process runs approved calls that nobody here waits for.</param>
    public async Task RunAsync(Func<bool> mayClaim, CancellationToken ct)
    {
        var cursor = new StoreCursor();
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await SweepAsync(mayClaim, ct);
                await store.WaitForChangeAsync(cursor, Pause, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is StoreUnavailableException or InvalidDataException)
            {
                LogSweepFailed(e.Message);
                await Task.Delay(Pause, time, CancellationToken.None);
            }
        }
    }

    private async Task SweepAsync(Func<bool> mayClaim, CancellationToken ct)
    {
        await ExpireAsync(ct);
        foreach (var orphan in await store.FindOrphansAsync(time.GetUtcNow(), Batch, ct))
        {
            if (orphan.Scope == scope && orphan.Process is { } dead)
            {
                _ = dispatcher.Recover(orphan.CallId, dead);
            }
        }

        if (time.GetElapsedTime(lookedAt) > Pause)
        {
            lookedAt = time.GetTimestamp();
            foreach (var sent in await store.FindByStatusAsync(scope, "dispatching", Dispatches, ct))
            {
                dispatcher.RecoverIfLost(sent);
            }
        }

        if (mayClaim())
        {
            var fingerprints = upstreams.All.Select(u => u.Config.Fingerprint).ToArray();
            foreach (var callId in await store.FindDispatchableAsync(scope, fingerprints, time.GetUtcNow(), Dispatches, ct))
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
