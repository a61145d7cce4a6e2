using System.Collections.Concurrent;
using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Runs approved calls from their streams, whoever asked for them and whether or not anybody still waits.</summary>
internal sealed partial class Dispatcher(
    CallStreams streams, UpstreamSet upstreams, PolicySource policy, ApprovalCheck check, Freezes freezes, Grants grants, Outcomes outcomes,
    LeaseKeeper lease, string scope, TimeProvider time, ILogger<Dispatcher> log) : IDisposable
{
    private const string StoreWentAway = "the store went away while it was sent, and no answer was stored";
    private static readonly TimeSpan FrozenPause = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Task> running = new();
    private readonly ConcurrentDictionary<string, Listener> listening = new();
    private readonly SemaphoreSlim slots = new(16);

    /// <summary>The upstreams whose calls this process may run.</summary>
    public IReadOnlyCollection<string> Fingerprints { get; } = [.. upstreams.All.Select(u => u.Config.Fingerprint)];

    /// <summary>What has begun and not ended.</summary>
    public Task WhenIdleAsync() => Task.WhenAll(running.Values);

    /// <summary>Begins to run the call if it is approved and ours, unless that is under way. The caller may wait, and cannot stop it.</summary>
    public Task Start(string callId) => Begin(callId, () => DispatchAsync(callId));

    /// <summary>Whoever waits for a call hears its upstream, also where a sweep is first to start it.</summary>
    public void Listen(string callId, Listener listener) => listening[callId] = listener;

    public void Leave(string callId, Listener listener) => listening.TryRemove(new KeyValuePair<string, Listener>(callId, listener));

    /// <summary>Sends a call again whose process is dead, where policy declares its tool idempotent; otherwise its outcome is unknown.</summary>
    public Task Recover(string callId, string deadProcess) => Begin(callId, () => RecoverAsync(callId, deadProcess));

    /// <summary>The same for a call of this process, if it has lost track of it: the store went away, and whether a step was stored was not known.</summary>
    public void RecoverIfLost(CallRow row)
    {
        if (row.Process == lease.ProcessId && !lease.Underway.Has(row.CallId))
        {
            _ = Recover(row.CallId, lease.ProcessId);
        }
    }

    private Task Begin(string callId, Func<Task> work)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var task = running.GetOrAdd(callId, ended.Task);
        if (task == ended.Task)
        {
            _ = Task.Run(() => RunAsync(callId, work, ended));
        }

        return task;
    }

    private async Task RunAsync(string callId, Func<Task> work, TaskCompletionSource ended)
    {
        await slots.WaitAsync();
        try
        {
            await work();
        }
        catch (StoreUnavailableException e)
        {
            LogStoreAway(callId, e.Message);
        }
        // One call that cannot be run must not end the process, nor be forgotten: it stays as it is recorded, and the log says why.
        catch (Exception e)
        {
            LogBroken(e, callId);
        }
        finally
        {
            slots.Release();
            running.TryRemove(callId, out _);
            ended.SetResult();
        }
    }

    private async Task DispatchAsync(string callId)
    {
        if (await streams.LoadAsync(callId, default) is not { State: CallState.Approved } call
            || UpstreamOf(call) is not { } upstream)
        {
            return;
        }

        if (await freezes.FindAsync(call.Known.Call, default) is { } freeze)
        {
            await DeferFrozenAsync(call, freeze);
            return;
        }

        UpstreamConnection connection;
        CallChange? changed;
        try
        {
            connection = await upstream.ConnectAsync(default);
            changed = await FindChangeAsync(call, connection);
        }
        catch (UpstreamUnavailableException e)
        {
            LogDeferred(callId, upstream.Name, e.Message);
            await streams.ExecuteAsync(callId, Outcomes.Deferral(call, process: null, e.Message, time.GetUtcNow()), default);
            return;
        }

        if (changed is { } change)
        {
            if (!check.MayJudge(call))
            {
                // Parked under a policy that this process has not read: a process that has may run it or end it.
                LogNotStarted(callId, $"this process has an older policy ({change.Detail})");
                return;
            }

            LogInvalidated(callId, change.Because, change.Detail);
            await check.InvalidateAsync(call, change, default);
            return;
        }

        await SendAsync(new CallCommand.Dispatch(HashOf(call), lease.ProcessId, callId, time.GetUtcNow()), call, connection);
    }

    private async Task RecoverAsync(string callId, string deadProcess)
    {
        if (await streams.LoadAsync(callId, default) is not { State: CallState.Dispatching dispatching } call || dispatching.Dispatch.Process != deadProcess)
        {
            return;
        }

        if (deadProcess == lease.ProcessId && lease.Underway.Has(callId))
        {
            // A clock that jumped has run past our own lease: we live, and it is being sent.
            return;
        }

        if (call.Known.Gate is not null && IsIdempotent(call) && dispatching.Dispatch.Attempt < Call.MaxAttempts && UpstreamOf(call) is { } upstream)
        {
            if (await freezes.FindAsync(call.Known.Call, default) is { } freeze)
            {
                // Whether it ran before is as unknown as it was, and the next sweep tries again.
                LogNotStarted(callId, freeze.Why);
                return;
            }

            try
            {
                var connection = await upstream.ConnectAsync(default);
                if (await FindChangeAsync(call, connection) is null)
                {
                    await SendAsync(new CallCommand.DispatchAgain(deadProcess, HashOf(call), lease.ProcessId, callId, time.GetUtcNow()), call, connection);
                    return;
                }
            }
            catch (UpstreamUnavailableException e)
            {
                // Whether it ran before is as unknown as it was, and the next sweep tries again.
                LogDeferred(callId, upstream.Name, e.Message);
                return;
            }
        }

        var why = deadProcess == lease.ProcessId ? StoreWentAway : "the process that sent it ended before an answer was stored";
        LogUnknown(callId, deadProcess, why);
        FaultPoints.At(FaultPoint.RecoverBeforeAppend);
        await streams.ExecuteAsync(callId, new CallCommand.Lose(deadProcess, why, time.GetUtcNow()), default);
        FaultPoints.At(FaultPoint.RecoverAppended);
    }

    // Told once for each freeze; whoever lifts it does not wait for the pause to end.
    private async Task DeferFrozenAsync(LoadedCall call, Freeze freeze)
    {
        var (why, now) = (Plain.Text(freeze.Why), time.GetUtcNow());
        if (call.State is CallState.Approved { Deferred: var deferred } && !(deferred?.Why == why && deferred.RetryAt > now))
        {
            LogFrozen(call.Id, freeze.Target, freeze.By);
            await streams.ExecuteAsync(call.Id, new CallCommand.Defer(null, why, now + FrozenPause, now), default);
        }
    }

    private async Task SendAsync(CallCommand start, LoadedCall call, UpstreamConnection connection)
    {
        var callId = call.Id;
        await lease.EnsureAsync(default);
        // Connecting may have taken its time: the last look before anything is committed to.
        if (await freezes.FindAsync(call.Known.Call, default) is { } freeze)
        {
            await DeferFrozenAsync(call, freeze);
            return;
        }

        using var underway = lease.Underway.Begin(callId);
        FaultPoints.At(FaultPoint.DispatchBeforeAppend);
        var started = await streams.ExecuteAsync(callId, start, default);
        FaultPoints.At(FaultPoint.DispatchAppended);
        if (started is not { New: [DispatchStarted, ..] })
        {
            LogNotStarted(callId, started?.Refusal?.ToString() ?? "another process was first");
            return;
        }

        var sentAt = time.GetUtcNow();
        var listener = listening.GetValueOrDefault(callId);
        var answer = await outcomes.SendAsync(started.Call, connection, listener?.Progress, listener?.Caller, default);
        await outcomes.RecordAsync(started.Call, lease.ProcessId, answer, sentAt, default);
    }

    private async Task<CallChange?> FindChangeAsync(LoadedCall call, UpstreamConnection connection)
    {
        var definition = await CurrentDefinitions.OnAsync(connection, call.Known.Call.Tool, default);
        return await check.FindAsync(call, definition, toolIsGone: definition is null, default)
            ?? (await grants.WhyWithdrawnAsync(call, default) is { } why ? check.Withdrawn(call, why) : null);
    }

    private bool IsIdempotent(LoadedCall call) =>
        policy.Current.Set.TraitsOf(call.Known.Call.Server, call.Known.Call.Tool, upstreams.All.Count == 1).Idempotent;

    // Computed from the stored submission and the stored rule digest: a stream that was tampered with does not run.
    private static string HashOf(LoadedCall call) => CallHash.Of(call.Known.Call, call.Known.Gate!.RuleDigest);

    public void Dispose() => slots.Dispose();

    private Upstream? UpstreamOf(LoadedCall call) => call.Known.Call.Scope == scope
        ? upstreams.All.FirstOrDefault(u => u.Config.Fingerprint == call.Known.Call.UpstreamFingerprint)
        : null;

    [LoggerMessage(1020, LogLevel.Warning, "{CallId} is approved and waits for '{Server}': {Why}")]
    private partial void LogDeferred(string callId, string server, string why);

    [LoggerMessage(1026, LogLevel.Warning, "{CallId} is not sent: {Target} is frozen by {Actor}")]
    private partial void LogFrozen(string callId, string target, string actor);

    [LoggerMessage(1021, LogLevel.Warning, "{CallId} is no longer what was approved ({Because}): {Detail}")]
    private partial void LogInvalidated(string callId, string because, string detail);

    [LoggerMessage(1022, LogLevel.Debug, "{CallId} was not started here: {Why}")]
    private partial void LogNotStarted(string callId, string why);

    [LoggerMessage(1023, LogLevel.Error, "{CallId} could not be dispatched, the store is away: {Why}")]
    private partial void LogStoreAway(string callId, string why);

    [LoggerMessage(1024, LogLevel.Error, "{CallId} could not be dispatched")]
    private partial void LogBroken(Exception e, string callId);

    [LoggerMessage(1025, LogLevel.Error, "The outcome of {CallId}, sent by process {Process}, is unknown: {Why}")]
    private partial void LogUnknown(string callId, string process, string why);
}

/// <summary>Who waits for a gated call, as far as they want to hear of it.</summary>
internal sealed record Listener(ICallProgress? Progress, ICallerSide? Caller);
