using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>Sends one request and tells what became of it. Past the SDK's own session, which would not tell an upstream of a cancellation.</summary>
internal sealed class Exchange(
    ITransport transport, Inbox inbox, Session session, string upstream, CredentialMask mask, UpstreamLimits limits, TimeProvider time, ILogger log)
{
    public Session Session => session;

    public async Task<UpstreamAnswer> SendAsync(
        string method, JsonObject parameters, ToolDefinition? tool, IUpstreamProgress? progress, TimeSpan timeout, CancellationToken cancel,
        ICallerSide? caller = null)
    {
        if (cancel.IsCancellationRequested)
            return new UpstreamAnswer.NotSent("cancelled");
        if (inbox.Open(method, caller, out var refusal) is not { } pending)
            return Masked(new UpstreamAnswer.NotSent(refusal));

        var isAwaited = false;
        try
        {
            if (progress is not null)
                MetaOf(parameters)["progressToken"] = pending.Id;
            var relay = progress is null && caller is null ? Task.CompletedTask : RelayAsync(pending, progress);
            var answer = await SendAsync(pending, session.Request(pending.Id, method, parameters, caller), tool, timeout, cancel);

            pending.StopRelay();
            // Progress comes before the answer, but a reader that does not read may not keep the answer from being recorded.
            await relay.WaitAsync(limits.CancelGrace, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            isAwaited = answer is UpstreamAnswer.Lost { Late: not null };
            return Masked(answer);
        }
        finally
        {
            if (!isAwaited && inbox.Forget(pending))
                _ = AbsolveLaterAsync(pending.Id);
        }
    }

    // Reasons and errors are recorded, logged and shown. A result is the caller's, and goes on as it came.
    private UpstreamAnswer Masked(UpstreamAnswer answer) => answer switch
    {
        UpstreamAnswer.Error error => error with { Message = mask.Of(error.Message), DataJson = mask.OfAny(error.DataJson) },
        UpstreamAnswer.NotSent notSent => new UpstreamAnswer.NotSent(mask.Of(notSent.Reason)),
        UpstreamAnswer.Lost lost => lost with { Reason = mask.Of(lost.Reason), Late = lost.Late is { } late ? MaskedAsync(late) : null },
        _ => answer,
    };

    private async Task<UpstreamAnswer?> MaskedAsync(Task<UpstreamAnswer?> late) => await late is { } answer ? Masked(answer) : null;

    // An upstream that was told of the cancellation need not answer any more; one that goes on all the same has as long as a question has.
    private async Task AbsolveLaterAsync(string id)
    {
        await Task.Delay(limits.AskTimeout, time, CancellationToken.None);
        inbox.Absolve(id);
    }

    private async Task<UpstreamAnswer> SendAsync(
        PendingRequest pending, JsonRpcRequest request, ToolDefinition? tool, TimeSpan timeout, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        var dropSend = new CancellationTokenSource();
        var attempt = new SendAttempt(tracked: !session.Stdio, session.Stdio ? default : MessageText.Write(request)) { Request = pending };
        if (!session.Stdio)
            Session.MarkHeaders(request, tool);
        var sending = attempt.RunAsync(() => transport.SendMessageAsync(request, dropSend.Token));

        var outcome = OutcomeAsync(pending, sending);
        if (await EndsWithin(outcome, stop.Token))
            return await outcome;

        var reason = cancel.IsCancellationRequested ? "cancelled" : $"no answer within {timeout.TotalSeconds:0.###} s";
        if (session.Stdio || session.DropCancels)
            await dropSend.CancelAsync();
        if (!session.DropCancels && !outcome.IsCompleted)
            await TellCancelledAsync(pending.Id, reason);

        using (var grace = new CancellationTokenSource(limits.CancelGrace, time))
        {
            if (await EndsWithin(outcome, grace.Token))
                return await outcome is UpstreamAnswer.Lost ? new UpstreamAnswer.Lost(reason) : await outcome;
        }

        if (!cancel.IsCancellationRequested && !session.DropCancels)
            return new UpstreamAnswer.Lost(reason) { Late = LateAsync(pending, outcome, dropSend) };
        await dropSend.CancelAsync();
        return new UpstreamAnswer.Lost(reason);
    }

    // The upstream goes on working after our patience: what it answers then still says what became of the call.
    private async Task<UpstreamAnswer?> LateAsync(PendingRequest pending, Task<UpstreamAnswer> outcome, CancellationTokenSource dropSend)
    {
        try
        {
            using var limit = new CancellationTokenSource(limits.LateAnswer, time);
            return await EndsWithin(outcome, limit.Token) && await outcome is var answer and (UpstreamAnswer.Result or UpstreamAnswer.Error) ? answer : null;
        }
        finally
        {
            await dropSend.CancelAsync();
            if (inbox.Forget(pending))
                inbox.Absolve(pending.Id);
        }
    }

    /// <summary>The answer if there is one, else what the failure to send proves.</summary>
    private async Task<UpstreamAnswer> OutcomeAsync(PendingRequest pending, Task<UpstreamAnswer?> sending)
    {
        // Over HTTP the end of one stream is not the end of a request whose own response is still open.
        var ended = session.Stdio ? pending.Ended : Task.WhenAll(pending.Ended, sending);
        await Task.WhenAny(pending.Answer, ended, FailureOf(sending));

        if (pending.Answer.IsCompleted)
            return AnswerReader.Read(await pending.Answer, session.Modern, session.AllowsTasks(pending.Caller));
        if (sending.IsCompleted && await sending is { } failure)
        {
            if (failure is UpstreamAnswer.NotSent notSent && !session.Stdio && !pending.Listens)
                inbox.Refuse(notSent.Reason);
            return failure;
        }

        return new UpstreamAnswer.Lost(await pending.Ended);
    }

    private static async Task FailureOf(Task<UpstreamAnswer?> sending)
    {
        if (await sending is null)
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
    }

    private async Task TellCancelledAsync(string id, string reason)
    {
        var message = new JsonRpcNotification
        {
            Method = NotificationMethods.CancelledNotification,
            Params = new JsonObject { ["requestId"] = id, ["reason"] = reason },
        };
        using var grace = new CancellationTokenSource(limits.CancelGrace, time);
        try
        {
            await transport.SendMessageAsync(message, grace.Token).WaitAsync(grace.Token);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A courtesy: the call is given up whether or not the upstream hears of it.
            UpstreamLog.CancelNotTold(log, upstream, e.Message);
        }
    }

    private async Task RelayAsync(PendingRequest pending, IUpstreamProgress? progress)
    {
        try
        {
            await pending.RelayAsync(progress);
        }
        catch (Exception e)
        {
            UpstreamLog.ProgressFailed(log, upstream, e);
        }
    }

    private static async Task<bool> EndsWithin(Task task, CancellationToken limit)
    {
        await task.WaitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted;
    }

    private static JsonObject MetaOf(JsonObject parameters)
    {
        if (parameters["_meta"] is JsonObject meta)
            return meta;
        meta = [];
        parameters["_meta"] = meta;
        return meta;
    }
}
