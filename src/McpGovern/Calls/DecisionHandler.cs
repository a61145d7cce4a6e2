using McpGovern.Storage;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>The one way in which a call is approved, rejected, cancelled or resolved, whatever the door.</summary>
internal sealed partial class DecisionHandler(
    CallStreams streams, DecisionTarget targets, ApprovalCheck check, CurrentDefinitions definitions, string scope, TimeProvider time, ILogger<DecisionHandler> log)
{
    private const int MaxComment = 4096;

    public Task<DecisionAnswer> DecideAsync(DecisionRequest request, CancellationToken ct) => GuardAsync(async () =>
    {
        if (!CallId.TryParse(request.Target, out var callId) || WhyMalformed(request) is not null)
        {
            return Answers.Of(AnswerCode.BadRequest, WhyMalformed(request) ?? Answers.MalformedId(request.Target));
        }

        var (call, refusal) = await targets.FindAsync(request.Actor, callId, request.NodeId, ct);
        if (call is null)
        {
            return refusal!;
        }

        FaultPoints.At(FaultPoint.DecideLoaded);
        CallCommand.Answer command = request.Decision == "approved"
            ? new CallCommand.Approve(request.Actor, request.Comment, request.Via, request.ExpectedHash, time.GetUtcNow())
            : new CallCommand.Reject(request.Actor, request.Comment, request.Via, request.ExpectedHash, time.GetUtcNow());
        command = command with { IdempotencyKey = request.IdempotencyKey };
        if (command is CallCommand.Approve && Call.Decide(command, call.State).Events.Count > 0 && await FindChangeAsync(call, ct) is { } change)
        {
            call = await check.InvalidateAsync(call, change, ct);
        }

        FaultPoints.At(FaultPoint.DecideBeforeAppend);
        var executed = await streams.ExecuteAsync(call.Id, command, ct);
        FaultPoints.At(FaultPoint.DecideAppended);
        var answer = executed is null ? Answers.NotFound(callId) : Answers.Of(executed, request.Actor, request.Decision!);
        LogDecision(call.Id, request.Actor.Id, request.Decision!, request.Via, answer.Answer);
        return answer;
    });

    public Task<DecisionAnswer> CancelAsync(CancelRequest request, CancellationToken ct) => RecordAsync(
        request.Actor, request.Target, "cancelled", request.Via, WhyBadText("reason", request.Reason),
        () => new CallCommand.Cancel(request.Actor, request.Reason, request.Via, time.GetUtcNow()), ct);

    /// <summary>A person's word on what became of a call that nobody knows of; nothing is sent by it.</summary>
    public Task<DecisionAnswer> ResolveAsync(ResolveRequest request, CancellationToken ct) => RecordAsync(
        request.Actor, request.Target, "resolved", request.Via,
        request.Outcome is "succeeded" or "failed" ? WhyBadText("comment", request.Comment) : $"outcome '{request.Outcome}' is not one; use succeeded or failed",
        () => new CallCommand.Resolve(request.Actor, request.Outcome!, request.Comment?.Trim() ?? "", request.Via, time.GetUtcNow()), ct);

    private Task<DecisionAnswer> RecordAsync(
        Actor actor, string? target, string word, string via, string? whyMalformed, Func<CallCommand> command, CancellationToken ct) => GuardAsync(async () =>
    {
        if (!CallId.TryParse(target, out var callId) || whyMalformed is not null)
        {
            return Answers.Of(AnswerCode.BadRequest, whyMalformed ?? Answers.MalformedId(target));
        }

        var (call, refusal) = await targets.FindAsync(actor, callId, nodeId: null, ct);
        if (call is null)
        {
            return refusal!;
        }

        FaultPoints.At(FaultPoint.CancelBeforeAppend);
        var executed = await streams.ExecuteAsync(call.Id, command(), ct);
        FaultPoints.At(FaultPoint.CancelAppended);
        var answer = executed is null ? Answers.NotFound(callId) : Answers.Of(executed, actor, word);
        LogDecision(call.Id, actor.Id, word, via, answer.Answer);
        return answer;
    });

    // Only a process of the call's own scope that has its upstream, with a policy set that is not older, can say that something changed.
    private async Task<CallChange?> FindChangeAsync(LoadedCall call, CancellationToken ct) =>
        call.Known.Call.Scope != scope || !definitions.Know(call.Known.Call) || call.State is not Pending || !check.MayJudge(call)
        ? null
        : definitions.Of(call.Known.Call) is var (definition, gone) ? await check.FindAsync(call, definition, gone, ct) : null;

    private static string? WhyMalformed(DecisionRequest request) => request switch
    {
        { Decision: not ("approved" or "rejected") } => $"decision '{request.Decision}' is not one; use approved or rejected",
        _ => WhyBadText("comment", request.Comment) ?? WhyBadText("expected_hash", request.ExpectedHash) ?? WhyBadText("idempotency_key", request.IdempotencyKey),
    };

    private static string? WhyBadText(string name, string? text) => text switch
    {
        { Length: > MaxComment } => $"{name} has {text.Length} characters; at most {MaxComment} are kept",
        not null when text.Contains('\0', StringComparison.Ordinal) => $"{name} holds the character U+0000; leave it out",
        _ => null,
    };

    private static async Task<DecisionAnswer> GuardAsync(Func<Task<DecisionAnswer>> decide)
    {
        try
        {
            return await decide();
        }
        catch (StoreUnavailableException e)
        {
            return Answers.Of(AnswerCode.Unavailable, e.InDoubt
                ? $"it is not known whether this was recorded: {e.Message}. Say the same again: it counts once"
                : $"nothing was recorded: {e.Message}");
        }
        catch (InvalidDataException e)
        {
            return Answers.Of(AnswerCode.Unavailable, $"nothing was recorded: the call's history cannot be read ({e.Message})");
        }
    }

    [LoggerMessage(3001, LogLevel.Information, "{CallId}: {Actor} says {Decision} over {Door}: {Answer}")]
    private partial void LogDecision(string callId, string actor, string decision, string door, string answer);
}
