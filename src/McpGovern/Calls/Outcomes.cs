using System.Text;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Sends recorded calls and records what came of them.</summary>
internal sealed partial class Outcomes(CallStreams streams, LastLook lastLook, TimeProvider time, TimeSpan callTimeout, long maxKeptResult, ILogger<Outcomes> log)
{
    private static readonly TimeSpan RetryFor = TimeSpan.FromSeconds(15);
    private readonly UnderWay underWay = new();

    /// <summary>From before its dispatch is recorded until its end is: see <see cref="UnderWay"/>.</summary>
    public IDisposable Enter(string callId) => underWay.Enter(callId);

    /// <summary>Of a call that is dispatching in this process's name: whether it may have been sent.</summary>
    public bool IsUnderWay(string callId) => underWay.Holds(callId);

    /// <summary>When nothing is sent any more, and at the latest after this.</summary>
    public async Task WhenIdleAsync(TimeSpan atMost)
    {
        var started = time.GetTimestamp();
        while (!underWay.IsEmpty && time.GetElapsedTime(started) < atMost)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    /// <summary>Sends the call whose <see cref="DispatchStarted"/> is committed. Its key tells an upstream that honours it a repeat from a new call.</summary>
    /// <param name="since">From before its dispatch was recorded.</param>
    /// <returns><c>null</c> where it was given up meanwhile: nothing was sent.</returns>
    public async Task<UpstreamAnswer?> SendAsync(
        LoadedCall call, Moment since, UpstreamConnection connection, ICallProgress? progress, ICallerSide? caller, CancellationToken cancel)
    {
        var submitted = call.Known.Call;
        try
        {
            await connection.PrepareAsync(caller, cancel);
            FaultPoints.At(FaultPoint.DispatchBeforeFirstByte);
            if (await lastLook.FindAsync(call, since) is { } hindrance)
            {
                LogNotSent(call.Id, hindrance.Why);
                return hindrance.IsGivenUp ? null : new UpstreamAnswer.NotSent(hindrance.Why);
            }

            return await connection.CallAsync(CallMethod.Of(submitted), submitted.Tool, submitted.Arguments, MetaOf(submitted.Meta, call.Id),
                progress is null ? null : new ProgressRelay(progress), callTimeout, cancel, caller, new CallInput(submitted.InputResponses, submitted.RequestState));
        }
        // A fault of our own: whether anything left is not known, and the record must not stay open for it.
        catch (Exception e)
        {
            LogBroken(e, call.Id);
            return new UpstreamAnswer.Lost($"the gateway failed while it sent the call ({e.GetType().Name})");
        }
    }

    /// <summary>Records the answer; for gated calls together with its bytes.</summary>
    /// <param name="answer"><c>null</c> of a call that others gave up before it was sent: what they recorded stands.</param>
    /// <param name="keep">The bytes of an allowed call's answer too.</param>
    /// <returns>The call as it stands afterwards, or <c>null</c> when the store did not come back in time: <see cref="RecordKeptAsync"/> does it then.</returns>
    public async Task<LoadedCall?> RecordAsync(
        LoadedCall call, string process, UpstreamAnswer? answer, DateTimeOffset sentAt, CancellationToken ct, bool keep = false)
    {
        LoadedCall? recorded = null;
        try
        {
            recorded = answer is null ? await streams.LoadAsync(call.Id, ct) : await WriteAsync(call, process, answer, sentAt, keep, ct);
        }
        // A fault of our own: it was sent, and must not be taken for what was not.
        catch (Exception e) when (answer is not null)
        {
            LogLost(call.Id, e.Message);
            var why = $"the gateway failed while it recorded the answer ({e.GetType().Name})";
            underWay.Keep(new(call.Id, new CallCommand.Lose(process, why, time.GetUtcNow()), null));
        }

        if (answer is UpstreamAnswer.Lost { Late: { } late })
        {
            _ = RecordLateAsync(call, process, late, sentAt, keep);
        }

        return recorded;
    }

    /// <summary>Records what the store would not take when it was due.</summary>
    /// <exception cref="StoreUnavailableException">It still does not.</exception>
    public async Task RecordKeptAsync(CancellationToken ct)
    {
        foreach (var end in underWay.Ends)
        {
            try
            {
                if (await streams.ExecuteAsync(end.CallId, end.Command, ct, end.Result) is not { Busy: true })
                {
                    LogKeptRecorded(end.CallId);
                    underWay.Drop(end);
                }
            }
            catch (Exception e) when (e is not (StoreUnavailableException or OperationCanceledException))
            {
                LogLost(end.CallId, e.Message);
                underWay.Abandon(end);
            }
        }
    }

    // Nobody waits for it, and nothing depends on it: it ends a doubt, or stands beside what a person found out.
    private async Task RecordLateAsync(LoadedCall call, string process, Task<UpstreamAnswer?> late, DateTimeOffset sentAt, bool keep)
    {
        try
        {
            if (await late is { } answer)
            {
                LogLate(call.Id);
                await WriteAsync(call, process, answer, sentAt, keep, CancellationToken.None);
            }
        }
        catch (Exception e)
        {
            LogLost(call.Id, e.Message);
        }
    }

    private async Task<LoadedCall?> WriteAsync(LoadedCall call, string process, UpstreamAnswer answer, DateTimeOffset sentAt, bool keep, CancellationToken ct)
    {
        var at = time.GetUtcNow();
        var end = EndOf(call, process, answer, sentAt, at, keep, maxKeptResult, "that are kept (caps.result)");
        var until = at + RetryFor;
        var (before, after) = answer is UpstreamAnswer.Task
            ? (FaultPoint.FollowBeforeAppend, FaultPoint.FollowAppended) : (FaultPoint.OutcomeBeforeAppend, FaultPoint.OutcomeAppended);
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause *= 2)
        {
            try
            {
                FaultPoints.At(before);
                var executed = await streams.ExecuteAsync(call.Id, end.Command, ct, end.Result);
                if (executed is not { Busy: true })
                {
                    FaultPoints.At(after);
                    return executed?.Call;
                }
            }
            catch (StoreUnavailableException e) when (time.GetUtcNow() < until)
            {
                LogRetry(call.Id, e.Message);
            }
            catch (StoreUnavailableException e)
            {
                LogKept(call.Id, e.Message);
                underWay.Keep(end.Result?.Json.Length > underWay.Room
                    ? EndOf(call, process, answer, sentAt, at, keep, underWay.Room, "for which there was room while the store was away") : end);
                return null;
            }

            await Task.Delay(pause, time, ct);
        }
    }

    private static CallEnd EndOf(
        LoadedCall call, string process, UpstreamAnswer answer, DateTimeOffset sentAt, DateTimeOffset at, bool keep, long limit, string limitIs)
    {
        var kept = Kept(CallMethod.Of(call.Known.Call), answer, at, limit, limitIs);
        return new(call.Id, Command(call, process, answer, kept, sentAt, at), call.IsTask || keep ? kept : null);
    }

    private static CallCommand Command(LoadedCall call, string process, UpstreamAnswer answer, StoredResult? kept, DateTimeOffset sentAt, DateTimeOffset at)
    {
        var latency = (at - sentAt).TotalMilliseconds;
        return answer switch
        {
            UpstreamAnswer.Lost lost => new CallCommand.Lose(process, Plain.Text(lost.Reason), at),
            UpstreamAnswer.NotSent not when IsRepeat(call) =>
                new CallCommand.Lose(process, $"it was sent before, and not again now: {Plain.Text(not.Reason)}", at),
            UpstreamAnswer.Task task => new CallCommand.Follow(process, task.TaskId, (long?)task.PollInterval?.TotalMilliseconds, at),
            UpstreamAnswer.Stopped stopped =>
                new CallCommand.Finish(process, false, null, 0, true, latency, Plain.Text(stopped.Reason), at) { Cancelled = stopped.Cancelled },
            UpstreamAnswer.NotSent not when call.Known.Gate is not null => Deferral(call, process, not.Reason, at),
            UpstreamAnswer.NotSent not => new CallCommand.Finish(process, false, null, 0, true, latency, $"nothing was sent: {Plain.Text(not.Reason)}", at),
            UpstreamAnswer.Result result => new CallCommand.Finish(process, !result.IsError, CallHash.OfBytes(kept!.Json.Span), kept.Json.Length, result.IsError, latency, null, at),
            UpstreamAnswer.InputRequired => new CallCommand.Finish(process, true, CallHash.OfBytes(kept!.Json.Span), kept.Json.Length, false, latency, null, at) { InputRequired = true },
            _ => new CallCommand.Finish(process, false, CallHash.OfBytes(kept!.Json.Span), kept.Json.Length, true, latency, null, at),
        };
    }

    /// <summary>Whether an earlier process sent it, and nobody knows what became of that. Such a call is never "not sent".</summary>
    public static bool IsRepeat(LoadedCall call) => call.Events is [.., DispatchStarted, DispatchStarted];

    /// <summary>1 s, doubling to 5 min.</summary>
    public static CallCommand.Defer Deferral(LoadedCall call, string? process, string why, DateTimeOffset at)
    {
        var tries = call.Events.OfType<DispatchDeferred>().Count();
        var pause = TimeSpan.FromSeconds(Math.Min(300, Math.Pow(2, Math.Min(tries, 9))));
        return new(process, Plain.Text(why), at + pause, at);
    }

    private static StoredResult? Kept(string method, UpstreamAnswer answer, DateTimeOffset at, long limit, string limitIs) => answer switch
    {
        UpstreamAnswer.Result result when result.Json.Length > limit => OwnWords.Of(
            method, $"The call ran. Its result of {result.Json.Length} bytes is larger than the {limit} bytes {limitIs}.") switch
        {
            CallAnswer.Error error => new("error", ResultJson.OfError(error.Code, error.Message, null), at),
            var words => new("result", ((CallAnswer.Result)words).Json, at),
        },
        UpstreamAnswer.Result result => new("result", result.Json, at),
        UpstreamAnswer.InputRequired asks when asks.Json.Length > limit => new("result",
            ResultJson.Error($"The server has questions before it goes on, of {asks.Json.Length} bytes, which is larger than the {limit} bytes {limitIs}."), at),
        UpstreamAnswer.InputRequired asks => new("input", asks.Json, at),
        UpstreamAnswer.Error error => new("error", ResultJson.OfError(error.Code, error.Message, error.DataJson), at),
        _ => null,
    };

    private static string MetaOf(string? meta, string callId)
    {
        var key = $"\"mcpgovern/idempotency-key\":\"{callId}\"";
        return meta is null or "{}" ? $"{{{key}}}" : new StringBuilder(meta).Insert(1, key + ",").ToString();
    }

    private sealed class ProgressRelay(ICallProgress progress) : IUpstreamProgress
    {
        public ValueTask ReportAsync(string progressParamsJson) => progress.ReportAsync(progressParamsJson);
    }

    [LoggerMessage(1028, LogLevel.Warning, "{CallId} is not sent after all: {Why}")]
    private partial void LogNotSent(string callId, string why);

    [LoggerMessage(1010, LogLevel.Warning, "The outcome of {CallId} could not be recorded yet, trying again: {Why}")]
    private partial void LogRetry(string callId, string why);

    [LoggerMessage(1014, LogLevel.Error, "The outcome of {CallId} could not be recorded; it is kept, and recorded when the store is back: {Why}")]
    private partial void LogKept(string callId, string why);

    [LoggerMessage(1015, LogLevel.Information, "The outcome of {CallId}, which the store had not taken, is recorded now")]
    private partial void LogKeptRecorded(string callId);

    [LoggerMessage(1011, LogLevel.Error, "The outcome of {CallId} could not be recorded; recovery will call it unknown: {Why}")]
    private partial void LogLost(string callId, string why);

    [LoggerMessage(1013, LogLevel.Warning, "{CallId} was answered after its outcome had been given up as unknown")]
    private partial void LogLate(string callId);

    [LoggerMessage(1012, LogLevel.Error, "{CallId} broke while it was sent")]
    private partial void LogBroken(Exception e, string callId);
}
