using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>Puts right what a process left undone, this one included.</summary>
internal sealed partial class Recovery(
    CallStreams streams, Dispatcher dispatcher, Outcomes outcomes, TaskFollower tasks, UpstreamSessions sessions, TimeProvider time, ILogger<Recovery> log)
{
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
    public Task EndTied(string callId, string process) => dispatcher.Begin(callId, () => EndTiedAsync(callId, process));

    private async Task RecoverAsync(string callId, string deadProcess)
    {
        if (await streams.LoadAsync(callId, default) is not { State: Dispatching dispatching } call || dispatching.Owner != deadProcess
            || await tasks.AdoptAsync(call, deadProcess) || await dispatcher.SendAgainAsync(call, deadProcess))
        {
            return;
        }

        LogUnknown(callId, deadProcess);
        FaultPoints.At(FaultPoint.RecoverBeforeAppend);
        await streams.ExecuteAsync(callId, new CallCommand.Lose(deadProcess, "the process that sent it ended before an answer was stored", time.GetUtcNow()), default);
        FaultPoints.At(FaultPoint.RecoverAppended);
    }

    private async Task SettleAsync(string callId)
    {
        var process = dispatcher.ProcessId;
        if (await streams.LoadAsync(callId, default) is not { State: Dispatching dispatching } call || dispatching.Owner != process || outcomes.IsUnderWay(callId))
        {
            return;
        }

        if (dispatching.Task is not null)
        {
            // It was sent, and goes on over there.
            tasks.Start(call);
        }
        else if (Outcomes.IsRepeat(call))
        {
            await RecoverAsync(callId, process);
        }
        else
        {
            LogNotSent(callId);
            const string Why = "nothing was sent: the store's answer to its start was lost";
            var now = time.GetUtcNow();
            await streams.ExecuteAsync(callId, call.Known.Gate is not null ? Outcomes.Deferral(call, process, Why, now)
                : new CallCommand.Finish(process, false, null, 0, true, 0, Why, now), default);
        }
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
