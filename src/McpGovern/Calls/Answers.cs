using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>Words a decision's outcome for every door alike.</summary>
internal static class Answers
{
    public static DecisionAnswer Of(AnswerCode code, string message) =>
        new(code.Word, code.Http == 200, null, null, null, null, null, message);

    public static DecisionAnswer NotFound(string target) => Of(AnswerCode.NotFound, $"there is no call {target}");

    public static string MalformedId(string? target) =>
        $"'{target}' is no call id; use call_ and 32 hex digits, or exec_ and 32 hex digits or a UUID";

    /// <param name="word"><c>approved</c>, <c>rejected</c>, <c>cancelled</c> or <c>resolved</c>: what was asked for.</param>
    public static DecisionAnswer Of(Executed executed, Actor actor, string word)
    {
        var code = executed switch
        {
            { Busy: true } => AnswerCode.Busy,
            { Refusal: { } refusal } => AnswerCode.Of(refusal),
            { New.Count: 0 } => AnswerCode.AlreadyRecorded,
            _ => AnswerCode.Recorded,
        };
        var call = executed.Call;
        var known = call.Known;
        return Of(code, Message(code, executed, word)) with
        {
            CallId = call.Id,
            ExecutionId = known.Call.ExecutionId,
            NodeId = known.Call.NodeId,
            Status = CallStatus.Of(call.State),
            Decision = DecisionOf(code, known, actor, word),
            Approvals = known.Gate is { } gate ? new(CallDecision.Have(known.Facts), gate.Quorum) : null,
            SupersededBy = (call.State as Invalidated)?.Why.SupersededBy,
        };
    }

    // The decision that stands: the actor's own where it is recorded, else the one that was first.
    private static DecisionView? DecisionOf(AnswerCode code, Known known, Actor actor, string word)
    {
        var own = known.Decisions.LastOrDefault(d => d.Decider == actor.Id && d.Decision == word);
        var stands = code.Http == 200 ? own : code == AnswerCode.AlreadyDecided ? Deciding(known) : null;
        return stands is null ? null : DecisionView.From(stands);
    }

    private static ApprovalReceived? Deciding(Known known) => known is Rejected s ? s.By : known.Decisions is [.., var last] ? last : null;

    private static string Message(AnswerCode code, Executed executed, string word)
    {
        var call = executed.Call;
        return executed.Refusal switch
        {
            _ when code == AnswerCode.Busy => $"{call.Id} is being decided by others; try again",
            null when code == AnswerCode.AlreadyRecorded => $"{call.Id}: your '{word}' was recorded already",
            null => $"{call.Id} is {CallStatus.Of(call.State)}{Quorum(call)}",
            Refusal.NotEligible when call.Known.Gate is { HumanRequired: true } =>
                $"{call.Id} needs a person, shown to be one: at a terminal or after a login. A key or an agent may only reject it",
            Refusal.NotEligible => $"{call.Id} is not yours to decide",
            Refusal.SelfApproval => $"{call.Id} was asked for by you, or with the same credential or session: somebody else has to decide",
            Refusal.CommentRequired => $"{call.Id} needs a comment to be {word}",
            Refusal.StaleView => $"{call.Id} is not the call that you were shown: look at it again (call_hash {call.Known.Gate?.CallHash})",
            Refusal.AlreadyDecided when call.State is Resolved => AgentText.Of(call),
            Refusal.NotUnknown => $"{call.Id} is {CallStatus.Of(call.State)}; only an unknown outcome can be resolved",
            Refusal.AlreadyDecided => $"{call.Id} was {DecidedBy(call.Known)} already",
            Refusal.AlreadyDispatched => $"{call.Id} was sent already and cannot be cancelled",
            Refusal.Expired => $"{call.Id} expired{ExpiredAt(call)}",
            Refusal.Finished => $"{call.Id} is {CallStatus.Of(call.State)}; there is nothing to decide any more",
            _ => AgentText.Of(call),
        };
    }

    private static string Quorum(LoadedCall call) => call is { State: Pending s, Known.Gate: { } gate }
        ? $": {CallDecision.Have(s.Facts)} of {gate.Quorum} approvals"
        : "";

    private static string DecidedBy(Known known) => Deciding(known) is { } d
        ? $"{d.Decision} by {d.Decider} at {AgentText.Time(d.At)}{(d.Comment is { Length: > 0 } c ? $" ({c})" : "")}"
        : "decided";

    private static string ExpiredAt(LoadedCall call) => call.State switch
    {
        Expired s => $" at {AgentText.Time(s.Deadline)}",
        Pending { Required.Deadline: { } at } => $" at {AgentText.Time(at)}",
        Approved { ValidUntil: { } at } => $" at {AgentText.Time(at)}",
        _ => "",
    };
}
