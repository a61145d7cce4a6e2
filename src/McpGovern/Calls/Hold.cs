using McpGovern.Storage;
using McpGovern.Upstreams;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>Waits a short while for a parked call's decision, because an answer in time spares the agent everything else.</summary>
internal sealed class Hold(CallStreams streams, ICallStore store, Dispatcher dispatcher, Delivery delivery, Func<string, string?> urlOf, TimeSpan usual, TimeProvider time)
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    /// <summary>The upstream's result, if the call is decided in time; else where it stands. A caller that goes away ends the wait, never the call.</summary>
    /// <param name="attached">The caller sent a call again that exists already.</param>
    public async Task<CallAnswer> AnswerAsync(LoadedCall call, ToolCallRequest request, bool attached, CancellationToken ct)
    {
        if (request.AnswerParkedAtOnce && call.State is (Pending or Approved or Dispatching or Ended { ContinuedBy: not null }))
        {
            return new CallAnswer.Parked(call);
        }

        var listener = new Listener(request.Progress, LimitOf(request) > TimeSpan.Zero && request.Caller is { } caller ? new HeldCaller(caller) : null);
        dispatcher.Listen(call.Id, listener);

        try
        {
            return request.Ask is { } ask && call.State is Pending && await ask.InsteadAsync(call, ct) is { } question
                ? question
                : await AskAndWaitAsync(call, request, attached, ct);
        }
        catch (StoreUnavailableException)
        {
            // It is recorded, and may have been sent by now: to say that it was not executed could be a lie.
            return OwnWords.Of(request.Method, AgentText.OutOfSight(call.Id), CallMeta.Of(call, urlOf(call.Id)));
        }
        finally
        {
            dispatcher.Leave(call.Id, listener);
        }
    }

    /// <summary>For a call whose parking was not answered by the store: to say that it was not recorded could be a lie, and so could the contrary.</summary>
    public CallAnswer InDoubt(string callId, CallSubmitted call, ToolApprovalRequired gate, ToolCallRequest request, string why) =>
        OwnWords.Of(request.Method, AgentText.InDoubt(callId, why), CallMeta.OfDoubt(callId, call, gate, urlOf(callId)));

    private async Task<CallAnswer> AskAndWaitAsync(LoadedCall call, ToolCallRequest request, bool attached, CancellationToken ct)
    {
        // A question that nobody answers holds nothing up: it is taken back when the wait ends.
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var limit = LimitOf(request);
        var asking = request.Ask is { } ask && MayWait(call.State, TimeSpan.Zero, limit) ? ask.BesideAsync(call, waiting.Token) : Task.CompletedTask;
        try
        {
            return await WaitAsync(call, request, attached, limit, ct);
        }
        finally
        {
            await waiting.CancelAsync();
            await asking;
        }
    }

    private async Task<CallAnswer> WaitAsync(LoadedCall call, ToolCallRequest request, bool attached, TimeSpan limit, CancellationToken ct)
    {
        var redelivered = attached && call.State is Ended;
        var began = time.GetUtcNow();
        var cursor = new StoreCursor();
        for (var beat = 0; MayWait(call.State, time.GetUtcNow() - began, limit) && !ct.IsCancellationRequested; beat++)
        {
            // A deferred call keeps to its pauses: every try is recorded, and makes the next pause longer.
            if (call.State is Approved { Deferred: var deferred } && !(deferred?.RetryAt > time.GetUtcNow()))
            {
                // Its own client waits: this process need not be asked whether it may claim.
                _ = dispatcher.Start(call.Id);
            }

            await ReportAsync(request.Progress, beat, call);
            try
            {
                await store.WaitForChangeAsync(cursor, Shorter(Beat, Remaining(call.State, began + limit)), ct);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            call = await streams.LoadAsync(call.Id, CancellationToken.None) ?? call;
        }

        FaultPoints.At(FaultPoint.AnswerBeforeReply);
        return await delivery.AnswerAsync(call, "call", redelivered);
    }

    // Once it was sent, the answer is worth the wait: it is like any other call then.
    private static bool MayWait(CallState state, TimeSpan waited, TimeSpan limit) => state switch
    {
        // What its upstream made a task of may take any time.
        Pending or Approved or Dispatching { Task: not null } => waited < limit,
        Dispatching => limit > TimeSpan.Zero,
        _ => false,
    };

    private TimeSpan LimitOf(ToolCallRequest request) => request.Patience > usual ? request.Patience : usual;

    private TimeSpan Remaining(CallState state, DateTimeOffset until) =>
        state is Dispatching { Task: null } ? Beat : until - time.GetUtcNow() is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static async Task ReportAsync(ICallProgress? progress, int beat, LoadedCall call)
    {
        // While the call runs, its upstream's own progress speaks, and progress must only ever increase.
        if (progress is not null && call.State is Pending)
        {
            await progress.ReportAsync($$"""{"progress":{{beat}}e-6,"message":"waiting for approval of {{call.Id}}"}""");
        }
    }
}
