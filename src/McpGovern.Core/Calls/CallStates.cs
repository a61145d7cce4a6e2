namespace McpGovern.Calls;

/// <summary>One type per state: a field exists only where it has a meaning.</summary>
public abstract record CallState
{
    public sealed record None : CallState;

    /// <summary>Everything that stays true of a call whatever becomes of it.</summary>
    /// <param name="Gate">What parked it, or <c>null</c> where policy decided alone.</param>
    public abstract record Known(CallSubmitted Call, ToolApprovalRequired? Gate, IReadOnlyList<ApprovalReceived> Decisions) : CallState
    {
        protected Known(Known from) : this(from.Call, from.Gate, from.Decisions) { }
    }

    /// <summary>Submitted, the verdict follows in the same append.</summary>
    public sealed record Submitted(CallSubmitted Call) : Known(Call, null, []);

    public sealed record Denied(Known From) : Known(From);

    public sealed record Allowed(Known From) : Known(From);

    public sealed record Pending(CallSubmitted Call, ToolApprovalRequired Required, IReadOnlyList<ApprovalReceived> Decisions)
        : Known(Call, Required, Decisions);

    /// <param name="ValidUntil">When the approval runs out, or <c>null</c> for never.</param>
    /// <param name="Deferred">Why it has not been sent yet, and when that is tried again.</param>
    public sealed record Approved(Known From, DateTimeOffset? ValidUntil, DispatchDeferred? Deferred, int Attempts) : Known(From);

    public sealed record Rejected(Known From, ApprovalReceived By) : Known(From);

    public sealed record Expired(Known From, DateTimeOffset Deadline) : Known(From);

    public sealed record Cancelled(Known From, CallCancelled By) : Known(From);

    public sealed record Invalidated(Known From, ApprovalInvalidated Why) : Known(From);

    public sealed record Dispatching(Known From, DispatchStarted Dispatch, DateTimeOffset? ValidUntil) : Known(From);

    public sealed record Ended(Known From, bool Succeeded, DateTimeOffset At, DateTimeOffset? DeliveredAt) : Known(From);

    public sealed record Unknown(Known From, DispatchStarted Dispatch, OutcomeUnknown Why) : Known(From);

    /// <param name="Late">What the lost owner reported after all; kept beside a person's word, never over it.</param>
    public sealed record Resolved(Known From, OutcomeResolved? By, OutcomeArrivedLate? Late, DateTimeOffset At) : Known(From);
}
