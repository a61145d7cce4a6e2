namespace McpGovern.Calls;

/// <summary>What may be asked of one call. Time travels in the command, so deciding needs no clock.</summary>
public abstract record CallCommand(DateTimeOffset At)
{
    /// <summary>Policy allows it: recorded together with the start of its dispatch.</summary>
    public sealed record Allow(CallSubmitted Call, CallAllowed Verdict, string Process, string IdempotencyKey, DateTimeOffset At) : CallCommand(At);

    /// <summary>Policy allows it, and its upstream is away: nothing was or will be sent.</summary>
    public sealed record AllowUnsent(CallSubmitted Call, CallAllowed Verdict, string Reason, DateTimeOffset At) : CallCommand(At);

    public sealed record Deny(CallSubmitted Call, CallDenied Verdict, DateTimeOffset At) : CallCommand(At);

    public sealed record Park(CallSubmitted Call, ToolApprovalRequired Verdict, DateTimeOffset At) : CallCommand(At);

    /// <summary>A decision by a person or an agent. <c>SeenHash</c> is the call hash that the decider was shown, if it says so.</summary>
    public abstract record Answer(Actor By, string? Comment, string Via, string? SeenHash, DateTimeOffset At) : CallCommand(At)
    {
        /// <summary>The decider's own name for this decision, scoped to the decider and the call.</summary>
        public string? IdempotencyKey { get; init; }
    }

    public sealed record Approve(Actor By, string? Comment, string Via, string? SeenHash, DateTimeOffset At) : Answer(By, Comment, Via, SeenHash, At)
    {
        /// <summary>The standing grant by which <c>By</c> approved beforehand.</summary>
        public string? Grant { get; init; }
    }

    public sealed record Reject(Actor By, string? Comment, string Via, string? SeenHash, DateTimeOffset At) : Answer(By, Comment, Via, SeenHash, At);

    public sealed record Cancel(Actor By, string? Reason, string Via, DateTimeOffset At) : CallCommand(At);

    /// <summary>Ends the call if its deadline, or its approval's validity, is past.</summary>
    public sealed record Expire(DateTimeOffset At) : CallCommand(At);

    public sealed record Invalidate(string Because, string Detail, string? SupersededBy, DateTimeOffset At) : CallCommand(At);

    /// <summary><c>CallHash</c> is computed afresh from what would run now.</summary>
    public sealed record Dispatch(string CallHash, string Process, string IdempotencyKey, DateTimeOffset At) : CallCommand(At);

    /// <summary>Sends a call again whose outcome is unknown to a dead owner; only for tools that the policy declares idempotent.</summary>
    public sealed record DispatchAgain(string DeadProcess, string CallHash, string Process, string IdempotencyKey, DateTimeOffset At) : CallCommand(At);

    /// <summary>Provably nothing was sent: before the dispatch was recorded, or, by its own process, after.</summary>
    public sealed record Defer(string? Process, string Why, DateTimeOffset RetryAt, DateTimeOffset At) : CallCommand(At);

    public sealed record Finish(string Process, bool Succeeded, string? ResultHash, long Size, bool IsError, double LatencyMs, string? Reason, DateTimeOffset At) : CallCommand(At)
    {
        public bool InputRequired { get; init; }

        /// <summary>The task as which the call went on was cancelled at its upstream.</summary>
        public bool Cancelled { get; init; }
    }

    /// <summary>The upstream answered with a task of its own: from now on the process that sent the call asks about that.</summary>
    public sealed record Follow(string Process, string TaskId, long? PollIntervalMs, DateTimeOffset At) : CallCommand(At);

    /// <summary>Another process asks about the upstream's task in the place of a dead one; nothing is sent again.</summary>
    public sealed record Adopt(string DeadProcess, string Process, DateTimeOffset At) : CallCommand(At);

    /// <summary>The caller answers what the upstream's task asked.</summary>
    public sealed record AnswerTask(Actor By, string Responses, DateTimeOffset At) : CallCommand(At);

    /// <summary>It was sent, and nobody knows what became of it.</summary>
    public sealed record Lose(string Process, string Why, DateTimeOffset At) : CallCommand(At);

    public sealed record Resolve(Actor By, string Outcome, string Comment, string Via, DateTimeOffset At) : CallCommand(At);

    /// <summary>Answers to the questions with which the call ended; what was not asked, or is answered already, is passed over.</summary>
    /// <param name="Asked">The keys of all questions.</param>
    /// <param name="Responses">JSON text of an object: answers by key.</param>
    /// <param name="Next">The id of the further call, should no question be left.</param>
    public sealed record GiveInput(Actor By, IReadOnlyList<string> Asked, string Responses, string Next, DateTimeOffset At) : CallCommand(At);

    public sealed record Deliver(string Door, DateTimeOffset At) : CallCommand(At);
}

/// <summary>Why nothing was recorded; one table maps each to its MCP, HTTP, exit-code and page answer.</summary>
public enum Refusal
{
    NotFound,
    AlreadySubmitted,
    NotEligible,
    SelfApproval,
    Cancelled,
    Invalidated,
    Expired,
    AlreadyDecided,
    AlreadyDispatched,
    Finished,
    StaleView,
    CommentRequired,
    NotApproved,
    NotDue,
    CallChanged,
    NotOwner,
    TooManyAttempts,
    NotUnknown,
    NotAsked,
}
