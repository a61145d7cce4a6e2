using System.Collections.Concurrent;
using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Runs approved calls from their streams, whoever asked for them and whether or not anybody still waits.</summary>
internal sealed partial class Dispatcher(
    CallStreams streams, UpstreamSet upstreams, PolicySource policy, ApprovalCheck check, Freezes freezes, Grants grants, UpstreamSessions sessions, Outcomes outcomes,
    TaskFollower tasks, LeaseKeeper lease, string scope, TimeProvider time, ILogger<Dispatcher> log)
{
    private static readonly TimeSpan FrozenPause = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Task> running = new();
    private readonly ConcurrentDictionary<string, Listener> listening = new();
    private readonly Lanes lanes = new();

    /// <summary>The upstreams whose calls this process may run.</summary>
    public IReadOnlyCollection<string> Fingerprints { get; } = [.. upstreams.All.Select(u => u.Config.Fingerprint)];

    /// <summary>In whose name this process sends.</summary>
    public string ProcessId => lease.ProcessId;

    /// <summary>So many calls of the upstream wait to be sent that it is of no use to begin more.</summary>
    public bool IsCrowded(string fingerprint) => lanes.IsCrowded(fingerprint);

    /// <summary>Does what only needs the store when there is a place for it: a crowd of dead processes' calls is no flood.</summary>
    public async Task WorkAsync(Func<Task> work)
    {
        using var place = await lanes.WorkAsync();
        await work();
    }

    /// <summary>What waits to be sent is left for the next process.</summary>
    public void Close() => lanes.Close();

    /// <summary>What has begun and not ended.</summary>
    public Task WhenIdleAsync() => Task.WhenAll(running.Values);

    /// <summary>Begins to run the call if it is approved and ours, unless that is under way. The caller may wait, and cannot stop it.</summary>
    public Task Start(string callId) => Begin(callId, () => DispatchAsync(callId));

    /// <summary>Whoever waits for a call hears its upstream, also where a sweep is first to start it.</summary>
    public void Listen(string callId, Listener listener) => listening[callId] = listener;

    public void Leave(string callId, Listener listener) => listening.TryRemove(new KeyValuePair<string, Listener>(callId, listener));

    /// <summary>Does a call's work beside whoever asked for it: one piece of work for each call at a time, which ends before the process does.</summary>
    public Task Begin(string callId, Func<Task> work)
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
            running.TryRemove(callId, out _);
            ended.SetResult();
        }
    }

    private async Task DispatchAsync(string callId)
    {
        LoadedCall? call = null;
        await WorkAsync(async () => call = await FindApprovedAsync(callId));
        if (call is null)
        {
            return;
        }

        var fingerprint = call.Known.Call.UpstreamFingerprint;
        var atOnce = lanes.TryEnter(fingerprint);
        using var place = atOnce ?? await lanes.EnterAsync(fingerprint);
        // What had to wait may have ended meanwhile.
        call = place is null ? null : atOnce is null ? await FindApprovedAsync(callId) : call;
        if (call is not null)
        {
            await DispatchAsync(call, UpstreamOf(call)!);
        }
    }

    private async Task<LoadedCall?> FindApprovedAsync(string callId) =>
        await streams.LoadAsync(callId, default) is { State: CallState.Approved } call && UpstreamOf(call) is not null && sessions.IsHere(call.Known.Call) ? call : null;

    private async Task DispatchAsync(LoadedCall call, Upstream upstream)
    {
        if (sessions.IsOver(call.Known.Call))
        {
            await EndAsync(call, UpstreamSessions.Ended(call.Known.Call));
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
            // Fresh credentials make a new session, and one that the call is tied to would be over.
            connection = call.Known.Call.UpstreamSession is null ? await upstream.ConnectFreshAsync(default) : await upstream.ConnectAsync(default);
            changed = await FindChangeAsync(call, connection);
        }
        catch (UpstreamUnavailableException e)
        {
            LogDeferred(call.Id, upstream.Name, e.Message);
            await streams.ExecuteAsync(call.Id, Outcomes.Deferral(call, process: null, e.Message, time.GetUtcNow()), default);
            return;
        }

        if (changed is { } change)
        {
            if (!check.MayJudge(call))
            {
                // Parked under a policy that this process has not read: a process that has may run it or end it.
                LogNotStarted(call.Id, $"this process has an older policy ({change.Detail})");
                return;
            }

            await EndAsync(call, change);
            return;
        }

        await SendAsync(new CallCommand.Dispatch(HashOf(call), lease.ProcessId, call.Id, time.GetUtcNow()), call, connection);
    }

    /// <summary>Ends a call that is no longer what was approved.</summary>
    public async Task EndAsync(LoadedCall call, CallChange change)
    {
        LogInvalidated(call.Id, change.Because, change.Detail);
        await check.InvalidateAsync(call, change, default);
    }

    /// <summary>Sends a call once more that a dead process sent, where policy declares its tool idempotent.</summary>
    public async Task<SentAgain> SendAgainAsync(LoadedCall call, string deadProcess)
    {
        if (call is not { Known.Gate: { } gate, State: CallState.Dispatching { Task: null, Dispatch.Attempt: < Call.MaxAttempts } } || !sessions.IsHere(call.Known.Call))
        {
            return SentAgain.Never;
        }

        if (UpstreamOf(call) is not { } upstream)
        {
            // A process that has it may send the call.
            return gate.Idempotent || IsIdempotent(call) ? SentAgain.Later : SentAgain.Never;
        }

        if (!IsIdempotent(call))
        {
            return SentAgain.Never;
        }

        if (await freezes.FindAsync(call.Known.Call, default) is { } freeze)
        {
            // Whether it ran before is as unknown as it was.
            LogNotStarted(call.Id, freeze.Why);
            return SentAgain.Later;
        }

        // It does not wait for one: its time is bounded.
        using var place = lanes.TryEnter(call.Known.Call.UpstreamFingerprint);
        return place is null ? SentAgain.Later : await SendAgainAsync(call, deadProcess, upstream);
    }

    private async Task<SentAgain> SendAgainAsync(LoadedCall call, string deadProcess, Upstream upstream)
    {
        try
        {
            var connection = await upstream.ConnectFreshAsync(default);
            if (await FindChangeAsync(call, connection) is not null)
            {
                return SentAgain.Never;
            }

            await SendAsync(new CallCommand.DispatchAgain(deadProcess, HashOf(call), lease.ProcessId, call.Id, time.GetUtcNow()), call, connection);
            return SentAgain.Done;
        }
        catch (UpstreamUnavailableException e)
        {
            LogAwayAgain(call.Id, upstream.Name, e.Message);
            return SentAgain.Later;
        }
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
        var since = Moment.Now(time);
        await lease.EnsureAsync(default);
        // Connecting may have taken its time: the last look before anything is committed to.
        if (await freezes.FindAsync(call.Known.Call, default) is { } freeze)
        {
            await DeferFrozenAsync(call, freeze);
            return;
        }

        using var place = outcomes.Enter(callId);
        FaultPoints.At(FaultPoint.DispatchBeforeAppend);
        // An approval is good until now, not until when it was looked at.
        var started = await streams.ExecuteAsync(callId, start with { At = time.GetUtcNow() }, default);
        FaultPoints.At(FaultPoint.DispatchAppended);
        if (started is not { New: [DispatchStarted, ..] })
        {
            LogNotStarted(callId, started?.Refusal?.ToString() ?? "another process was first");
            return;
        }

        sessions.Forget(callId);
        var sentAt = time.GetUtcNow();
        var listener = listening.GetValueOrDefault(callId);
        var answer = await outcomes.SendAsync(
            started.Call, since, connection, listener?.Progress, listener?.Caller ?? RecordedCaller.Of(started.Call.Known.Call.ClientCapabilities), default);
        tasks.Start(await outcomes.RecordAsync(started.Call, lease.ProcessId, answer, sentAt, default));
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

    private Upstream? UpstreamOf(LoadedCall call) => call.Known.Call.Scope == scope
        ? upstreams.All.FirstOrDefault(u => u.Config.Fingerprint == call.Known.Call.UpstreamFingerprint)
        : null;

    [LoggerMessage(1020, LogLevel.Warning, "{CallId} is approved and waits for '{Server}': {Why}")]
    private partial void LogDeferred(string callId, string server, string why);

    [LoggerMessage(1029, LogLevel.Warning, "{CallId} of a dead process waits for '{Server}' to be sent again: {Why}")]
    private partial void LogAwayAgain(string callId, string server, string why);

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
}
