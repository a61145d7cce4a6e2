namespace McpGovern.Calls;

/// <summary>Everything that stays true of a call whatever becomes of it.</summary>
/// <param name="Gate">What parked it, or <c>null</c> where policy decided alone.</param>
public sealed record CallFacts(CallSubmitted Call, ToolApprovalRequired? Gate, IReadOnlyList<ApprovalReceived> Decisions);

/// <summary>One type per state: a field exists only where it has a meaning.</summary>
public abstract record CallState
{
    public sealed record None : CallState;

    public abstract record Known(CallFacts Facts) : CallState
    {
        public CallSubmitted Call => Facts.Call;
        public ToolApprovalRequired? Gate => Facts.Gate;
        public IReadOnlyList<ApprovalReceived> Decisions => Facts.Decisions;
    }

    /// <summary>The verdict follows in the same append.</summary>
    public sealed record Submitted(CallFacts Facts) : Known(Facts);

    public sealed record Denied(CallFacts Facts, CallDenied By) : Known(Facts);

    public sealed record Allowed(CallFacts Facts) : Known(Facts);

    public sealed record Pending(CallFacts Facts) : Known(Facts)
    {
        public ToolApprovalRequired Required => Facts.Gate!;
    }

    /// <param name="ValidUntil">When the approval runs out, or <c>null</c> for never.</param>
    /// <param name="Deferred">Why it has not been sent yet, and when that is tried again.</param>
    public sealed record Approved(CallFacts Facts, DateTimeOffset? ValidUntil, DispatchDeferred? Deferred, int Attempts) : Known(Facts);

    public sealed record Rejected(CallFacts Facts, ApprovalReceived By) : Known(Facts);

    public sealed record Expired(CallFacts Facts, DateTimeOffset Deadline) : Known(Facts);

    public sealed record Cancelled(CallFacts Facts, CallCancelled By) : Known(Facts)
    {
        /// <summary>It had been sent, and its upstream had questions, which were not answered.</summary>
        public bool WasAsked { get; init; }
    }

    public sealed record Invalidated(CallFacts Facts, ApprovalInvalidated Why) : Known(Facts);

    public sealed record Dispatching(CallFacts Facts, DispatchStarted Dispatch, DateTimeOffset? ValidUntil) : Known(Facts)
    {
        /// <summary>The upstream's own task as which the call goes on there, once it has answered with one.</summary>
        public UpstreamTaskFollowed? Task { get; init; }

        /// <summary>The process that will record how it ends.</summary>
        public string Owner => Task?.Process ?? Dispatch.Process;
    }

    public sealed record Ended(CallFacts Facts, bool Succeeded, string? Reason, DateTimeOffset At, DateTimeOffset? DeliveredAt) : Known(Facts)
    {
        /// <summary>It ended with questions for its caller.</summary>
        public bool InputRequired { get; init; }

        /// <summary>What its caller answered so far.</summary>
        public IReadOnlyList<InputReceived> Given { get; init; } = [];

        /// <summary>The call as which it goes on: named with the last answer, and there a moment later.</summary>
        public string? ContinuedBy => Given is [.., var last] ? last.ContinuedBy : null;

        /// <summary>
        /// Answers come in one by one, and it can be called off: for callers that get calls as tasks. Others bring their answers with a new call.
        /// </summary>
        public bool WaitsForAnswers => InputRequired && ContinuedBy is null && Call.ClientCapabilities is not null;

        /// <summary>Its upstream cancelled it.</summary>
        public bool WasCancelled { get; init; }
    }

    /// <param name="Owner">The process that was given up, or gave up.</param>
    public sealed record Unknown(CallFacts Facts, DispatchStarted Dispatch, OutcomeUnknown Why, string Owner) : Known(Facts);

    /// <param name="Late">What the lost owner reported after all; kept beside a person's word, never over it.</param>
    public sealed record Resolved(CallFacts Facts, OutcomeResolved? By, OutcomeArrivedLate? Late, DateTimeOffset At) : Known(Facts);
}
