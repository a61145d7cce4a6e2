using System.Diagnostics;
using static McpGovern.Calls.CallCommand;
using static McpGovern.Calls.CallState;
using Answered = McpGovern.Outcome<McpGovern.Calls.CallEvent, McpGovern.Calls.Refusal>;

namespace McpGovern.Calls;

/// <summary>The rules of one call: which command is recorded in which state, and what a history means.</summary>
public static class Call
{
    /// <summary>How often an idempotent call is sent at most.</summary>
    public const int MaxAttempts = 3;

    private static readonly Answered NothingNew = new([], null);

    /// <summary>The rules, as a table: the order of the arms is the order of precedence.</summary>
    public static Answered Decide(CallCommand command, CallState state) => (command, state) switch
    {
        (Allow c, None) => Events(c.Call, c.Verdict, new DispatchStarted(1, c.Process, c.IdempotencyKey, c.At)),
        (AllowUnsent c, None) => Events(c.Call, c.Verdict, new CallFailed(null, 0, IsError: true, 0, c.Reason, c.At)),
        (Deny c, None) => Events(c.Call, c.Verdict),
        (Park c, None) => Events(c.Call, c.Verdict),
        (Allow or AllowUnsent or Deny or Park, _) => Refusal.AlreadySubmitted,
        (_, None) => Refusal.NotFound,

        (Answer c, Known s) => CallDecision.Decide(c, s),
        (Cancel c, Known s) => DecideCancel(c, s),

        (Expire c, Pending { Required.Deadline: { } deadline }) when c.At >= deadline => new ApprovalExpired(deadline, c.At),
        (Expire c, Approved { ValidUntil: { } until }) when c.At >= until => new ApprovalExpired(until, c.At),
        (Expire, _) => Refusal.NotDue,

        (Invalidate c, Pending or Approved) => new ApprovalInvalidated(c.Because, c.Detail, c.SupersededBy, c.At),
        (Invalidate, _) => Refusal.AlreadyDecided,

        (Dispatch, Approved { ValidUntil: { } until }) when command.At >= until => Refusal.Expired,
        (Dispatch c, Approved s) when c.CallHash != s.Gate!.CallHash => Refusal.CallChanged,
        // Appended before a byte leaves: a crash may lose an answer, but never runs the call twice.
        (Dispatch c, Approved s) => new DispatchStarted(s.Attempts + 1, c.Process, c.IdempotencyKey, c.At),
        (Dispatch, _) => Refusal.NotApproved,

        (DispatchAgain c, Dispatching s) when c.DeadProcess != s.Owner => Refusal.NotOwner,
        (DispatchAgain, Dispatching { Task: not null }) => Refusal.AlreadyDispatched,
        (DispatchAgain, Dispatching { Dispatch.Attempt: >= MaxAttempts }) => Refusal.TooManyAttempts,
        (DispatchAgain c, Dispatching s) when c.CallHash != s.Gate?.CallHash => Refusal.CallChanged,
        (DispatchAgain c, Dispatching s) => new DispatchStarted(s.Dispatch.Attempt + 1, c.Process, c.IdempotencyKey, c.At),
        (DispatchAgain, _) => Refusal.NotApproved,

        (Defer c, Approved) => new DispatchDeferred(c.Why, c.RetryAt, c.At),
        (Defer c, Dispatching { Gate: not null, Task: null } s) when c.Process == s.Owner => new DispatchDeferred(c.Why, c.RetryAt, c.At),
        (Defer, _) => Refusal.NotOwner,

        (Follow c, Dispatching { Task: null } s) when c.Process == s.Owner => new UpstreamTaskFollowed(c.TaskId, c.Process, c.PollIntervalMs, c.At),
        (Follow, _) => Refusal.NotOwner,
        (Adopt c, Dispatching { Task: { } task }) when c.DeadProcess == task.Process => task with { Process = c.Process, At = c.At },
        (Adopt, _) => Refusal.NotOwner,

        (AnswerTask c, Known s) when c.By.Id != s.Call.RequestedBy => Refusal.NotEligible,
        (AnswerTask c, Dispatching { Task: not null, Gate: null }) => new UpstreamTaskInput(c.By.Id, c.Responses, c.At),
        // What was approved was approved without these answers.
        (AnswerTask, Dispatching { Task: not null }) => Refusal.NotApproved,
        (AnswerTask, _) => Refusal.Finished,

        (Finish c, Dispatching s) when c.Process == s.Owner => c.Succeeded
            ? new CallSucceeded(c.ResultHash!, c.Size, c.IsError, c.LatencyMs, c.At) { InputRequired = c.InputRequired }
            : new CallFailed(c.ResultHash, c.Size, c.IsError, c.LatencyMs, c.Reason, c.At) { Cancelled = c.Cancelled },
        // The owner was given up for dead: what it reports is kept beside, never over, what was recorded meanwhile.
        (Finish c, Unknown s) when c.Process == s.Owner => Late(c),
        (Finish c, Resolved { Late: null }) => Late(c),
        (Finish, _) => Refusal.NotOwner,

        (Lose c, Dispatching s) when c.Process == s.Owner => new OutcomeUnknown(c.Why, c.At),
        (Lose, _) => Refusal.NotOwner,

        (Resolve c, Known s) when !CallAccess.MayResolve(c.By, s) => Refusal.NotEligible,
        (Resolve c, Resolved { By: { } by }) when by.By == c.By.Id && by.Outcome == c.Outcome => NothingNew,
        (Resolve { Comment: "" }, Unknown) => Refusal.CommentRequired,
        (Resolve c, Unknown) => new OutcomeResolved(c.By.Id, c.Outcome, c.Comment, c.Via, c.At),
        (Resolve, Resolved) => Refusal.AlreadyDecided,
        (Resolve, _) => Refusal.NotUnknown,

        (GiveInput c, Known s) when c.By.Id != s.Call.RequestedBy => Refusal.NotEligible,
        (GiveInput c, Ended { WaitsForAnswers: true } s) => GivenAnswers.Decide(c, s),
        (GiveInput, Ended { ContinuedBy: not null }) => Refusal.AlreadyDecided,
        (GiveInput, _) => Refusal.NotAsked,

        (Deliver c, Ended { DeliveredAt: null }) => new ResultDelivered(c.Door, c.At),
        (Deliver, _) => NothingNew,

        _ => throw new UnreachableException($"{command.GetType().Name} in {state.GetType().Name}"),
    };

    private static Answered DecideCancel(Cancel c, Known state) => state switch
    {
        _ when !CallAccess.MayCancel(c.By, state) => Refusal.NotEligible,
        Cancelled s when s.By.By == c.By.Id => NothingNew,
        Cancelled => Refusal.Cancelled,
        Invalidated => Refusal.Invalidated,
        Expired => Refusal.Expired,
        Pending { Required.Deadline: { } deadline } when c.At >= deadline => Refusal.Expired,
        Pending or Approved or Ended { WaitsForAnswers: true } => new CallCancelled(c.By.Id, c.Reason, c.Via, c.At),
        Rejected => Refusal.AlreadyDecided,
        Dispatching => Refusal.AlreadyDispatched,
        _ => Refusal.Finished,
    };

    private static OutcomeArrivedLate Late(Finish c) =>
        new(c.Succeeded ? "succeeded" : "failed", c.ResultHash, c.Size, c.IsError, c.At);

    private static Answered Events(params CallEvent[] events) => events;

    /// <summary>A history that cannot be read must never open a gate: what does not fit throws.</summary>
    public static CallState Evolve(CallState state, CallEvent @event) => (state, @event) switch
    {
        (None, CallSubmitted e) => new Submitted(new CallFacts(e, Gate: null, Decisions: [])),
        (Submitted s, CallDenied e) => new Denied(s.Facts, e),
        (Submitted s, CallAllowed) => new Allowed(s.Facts),
        (Submitted s, ToolApprovalRequired e) => new Pending(s.Facts with { Gate = e }),

        (Pending s, ApprovalReceived e) => CallDecision.Count(s.Facts with { Decisions = [.. s.Decisions, e] }, e),

        (Pending or Approved, ApprovalExpired e) => new Expired(((Known)state).Facts, e.Deadline),
        (Pending or Approved, ApprovalInvalidated e) => new Invalidated(((Known)state).Facts, e),
        (Pending or Approved, CallCancelled e) => new Cancelled(((Known)state).Facts, e),

        (Approved s, DispatchDeferred e) => s with { Deferred = e },
        (Dispatching { Gate: not null, Task: null } s, DispatchDeferred e) => new Approved(s.Facts, s.ValidUntil, e, s.Dispatch.Attempt),

        (Allowed s, DispatchStarted e) => new Dispatching(s.Facts, e, ValidUntil: null),
        (Approved s, DispatchStarted e) => new Dispatching(s.Facts, e, s.ValidUntil),
        (Dispatching { Task: null } s, DispatchStarted e) => s with { Dispatch = e },
        (Dispatching s, UpstreamTaskFollowed e) when s.Task is null || s.Task.TaskId == e.TaskId => s with { Task = e },
        (Dispatching { Task: not null } s, UpstreamTaskInput) => s,

        (Allowed or Dispatching, CallFailed e) => new Ended(((Known)state).Facts, Succeeded: false, e.Reason, e.At, DeliveredAt: null) { WasCancelled = e.Cancelled },
        (Dispatching s, CallSucceeded e) => new Ended(s.Facts, Succeeded: true, Reason: null, e.At, DeliveredAt: null) { InputRequired = e.InputRequired },
        (Dispatching s, OutcomeUnknown e) => new Unknown(s.Facts, s.Dispatch, e, s.Owner),
        (Unknown s, OutcomeResolved e) => new Resolved(s.Facts, e, Late: null, e.At),
        (Unknown s, OutcomeArrivedLate e) => new Resolved(s.Facts, By: null, e, e.At),
        (Resolved { Late: null } s, OutcomeArrivedLate e) => s with { Late = e },
        (Ended { WaitsForAnswers: true } s, InputReceived e) => GivenAnswers.Evolve(s, e),
        (Ended { WaitsForAnswers: true } s, CallCancelled e) => new Cancelled(s.Facts, e) { WasAsked = true },
        (Ended s, ResultDelivered e) => s with { DeliveredAt = s.DeliveredAt ?? e.At },

        _ => throw new InvalidDataException($"{@event.GetType().Name} after {state.GetType().Name}"),
    };

    /// <exception cref="InvalidDataException">The history contains an event that cannot follow the ones before it.</exception>
    public static CallState Replay(IEnumerable<CallEvent> history) => history.Aggregate<CallEvent, CallState>(new None(), Evolve);
}
