using System.Collections.Concurrent;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>Puts right what a process left undone, this one included.</summary>
internal sealed partial class Recovery(
    CallStreams streams, Dispatcher dispatcher, Outcomes outcomes, TaskFollower tasks, UpstreamSessions sessions, TimeProvider time, ILogger<Recovery> log)
{
    private readonly ConcurrentDictionary<string, long> waiting = new();

    /// <summary>
    /// How long an idempotent call of a dead process may wait for somebody who can send it again. Long enough for an upstream to be restarted and
    /// for a process that has it to come; until its end nobody can resolve the call, and its effect is held.
    /// </summary>
    public TimeSpan Patience { get; set; } = LeaseKeeper.Lease + TimeSpan.FromMinutes(1);

    /// <summary>
    /// Follows the upstream's task further as which the call of a dead process goes on; sends it again where there is none and policy
    /// declares its tool idempotent; otherwise its outcome is unknown.
    /// </summary>
    public Task Recover(string callId, string deadProcess) => dispatcher.Begin(callId, () => RecoverAsync(callId, deadProcess));

    /// <summary>
    /// Puts right what stands as dispatching in this process's name and is not sent by it: the store took the record of the dispatch and its
    /// answer was lost. Nothing of the same call begins here meanwhile.
    /// </summary>
    public Task Settle(string callId) => dispatcher.Begin(callId, () => SettleAsync(callId));

    /// <summary>Ends a call that waits for an upstream session which that process had and has no more.</summary>
    public Task EndTied(string callId, string process) => dispatcher.Begin(callId, () => dispatcher.WorkAsync(() => EndTiedAsync(callId, process)));

    private async Task RecoverAsync(string callId, string deadProcess)
    {
        LoadedCall? call = null;
        await dispatcher.WorkAsync(async () => call = await FindAsync(callId, deadProcess));
        if (call is null)
        {
            return;
        }

        var again = await dispatcher.SendAgainAsync(call, deadProcess);
        if (again == SentAgain.Never || (again == SentAgain.Later && !MayWait(callId)))
        {
            await dispatcher.WorkAsync(() => LoseAsync(callId, deadProcess));
        }

        if (again != SentAgain.Later)
        {
            waiting.TryRemove(callId, out _);
        }
    }

    private async Task<LoadedCall?> FindAsync(string callId, string deadProcess) =>
        await streams.LoadAsync(callId, default) is { State: Dispatching dispatching } call && dispatching.Owner == deadProcess
            && !await tasks.AdoptAsync(call, deadProcess) ? call : null;

    private bool MayWait(string callId)
    {
        foreach (var (other, since) in waiting)
        {
            // Another process saw to it.
            if (time.GetElapsedTime(since) > Patience * 2)
            {
                waiting.TryRemove(other, out _);
            }
        }

        return time.GetElapsedTime(waiting.GetOrAdd(callId, _ => time.GetTimestamp())) < Patience;
    }

    private async Task LoseAsync(string callId, string deadProcess)
    {
        LogUnknown(callId, deadProcess);
        FaultPoints.At(FaultPoint.RecoverBeforeAppend);
        await streams.ExecuteAsync(callId, new CallCommand.Lose(deadProcess, "the process that sent it ended before an answer was stored", time.GetUtcNow()), default);
        FaultPoints.At(FaultPoint.RecoverAppended);
    }

    private async Task SettleAsync(string callId)
    {
        var isRepeat = false;
        await dispatcher.WorkAsync(async () => isRepeat = await SettleAsync(callId, dispatcher.ProcessId));
        if (isRepeat)
        {
            await RecoverAsync(callId, dispatcher.ProcessId);
        }
    }

    /// <returns>Whether a dead process sent it before, so that what was not sent now says nothing.</returns>
    private async Task<bool> SettleAsync(string callId, string process)
    {
        if (await streams.LoadAsync(callId, default) is not { State: Dispatching dispatching } call || dispatching.Owner != process || outcomes.IsUnderWay(callId))
        {
            return false;
        }

        if (dispatching.Task is not null)
        {
            // It was sent, and goes on over there.
            tasks.Start(call);
        }
        else if (Outcomes.IsRepeat(call))
        {
            return true;
        }
        else
        {
            LogNotSent(callId);
            const string Why = "nothing was sent: the store's answer to its start was lost";
            var now = time.GetUtcNow();
            await streams.ExecuteAsync(callId, call.Known.Gate is not null ? Outcomes.Deferral(call, process, Why, now)
                : new CallCommand.Finish(process, false, null, 0, true, 0, Why, now), default);
        }

        return false;
    }

    private async Task EndTiedAsync(string callId, string process)
    {
        if (await streams.LoadAsync(callId, default) is { State: Pending or Approved, Known.Call: { UpstreamSession: { } session } submitted } call
            && session.Process == process)
        {
            await dispatcher.EndAsync(call, UpstreamSessions.Ended(submitted));
        }

        sessions.Forget(callId);
    }

    [LoggerMessage(1027, LogLevel.Warning, "{CallId} was recorded as sent, the store's answer was lost, and nothing was sent: that is put right")]
    private partial void LogNotSent(string callId);

    [LoggerMessage(1025, LogLevel.Error, "The outcome of {CallId} is unknown: process {Process} died after sending it")]
    private partial void LogUnknown(string callId, string process);
}
