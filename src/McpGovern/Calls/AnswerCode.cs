namespace McpGovern.Calls;

/// <summary>The words of a decision's answer, with the HTTP status and exit code of each: the one table behind every door.</summary>
internal sealed record AnswerCode(string Word, int Http, int Exit)
{
    public static readonly AnswerCode
        Recorded = new("recorded", 200, 0),
        AlreadyRecorded = new("already_recorded", 200, 0),
        BadRequest = new("bad_request", 400, 2),
        Ambiguous = new("ambiguous", 400, 2),
        Unauthenticated = new("unauthenticated", 401, 4),
        NotEligible = new("not_eligible", 403, 4),
        SelfApproval = new("self_approval", 403, 4),
        NotFound = new("not_found", 404, 5),
        AlreadyDecided = new("already_decided", 409, 3),
        AlreadyDispatched = new("already_dispatched", 409, 3),
        Expired = new("expired", 409, 3),
        Cancelled = new("cancelled", 409, 3),
        Invalidated = new("invalidated", 409, 3),
        Finished = new("finished", 409, 3),
        StaleView = new("stale_view", 409, 3),
        Busy = new("busy", 409, 6),
        Unavailable = new("unavailable", 503, 1);

    public static readonly IReadOnlyDictionary<string, AnswerCode> ByWord = new[]
    {
        Recorded, AlreadyRecorded, BadRequest, Ambiguous, Unauthenticated, NotEligible, SelfApproval, NotFound, AlreadyDecided,
        AlreadyDispatched, Expired, Cancelled, Invalidated, Finished, StaleView, Busy, Unavailable,
    }.ToDictionary(code => code.Word);

    public static AnswerCode Of(Refusal refusal) => refusal switch
    {
        Refusal.NotFound => NotFound,
        Refusal.NotEligible => NotEligible,
        Refusal.SelfApproval => SelfApproval,
        Refusal.Cancelled => Cancelled,
        Refusal.Invalidated => Invalidated,
        Refusal.Expired => Expired,
        Refusal.AlreadyDecided => AlreadyDecided,
        Refusal.AlreadyDispatched => AlreadyDispatched,
        Refusal.Finished or Refusal.NotUnknown => Finished,
        Refusal.StaleView => StaleView,
        Refusal.CommentRequired => BadRequest,
        _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "this refusal never leaves the process"),
    };
}
