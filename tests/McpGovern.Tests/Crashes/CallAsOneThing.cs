namespace McpGovern.Tests.Crashes;

/// <summary>One request about a call and the word it was answered with.</summary>
/// <param name="Verb"><c>approve</c>, <c>reject</c>, <c>cancel</c> or <c>read</c>, whose answer is the status.</param>
internal sealed record Asked(string By, string Verb, string Answer);

/// <summary>Where a call stands.</summary>
/// <param name="Is"><c>pending</c>, <c>approved</c>, <c>sent</c>, <c>rejected</c>, <c>cancelled</c> or <c>expired</c>.</param>
/// <param name="By">Who brought it there.</param>
/// <param name="Decided">Who decided what before.</param>
/// <param name="Due">When somebody was first told that its time is up; what was asked for later cannot be recorded.</param>
internal sealed record Stand(string Is, string? By = null, string? Decided = null, long Due = long.MaxValue);

/// <summary>A parked call as a thing that answers one request after the other: what the doors of two processes have to look like together.</summary>
internal static class CallAsOneThing
{
    public static readonly Stand Start = new("pending");

    public static IEnumerable<Stand> Apply(Stand at, Operation<Asked> operation) => operation.What.Verb switch
    {
        "read" => Read(at, operation.What.Answer),
        "cancel" => Cancel(at, operation),
        _ => Decide(at, operation),
    };

    private static IEnumerable<Stand> Decide(Stand at, Operation<Asked> operation)
    {
        var (by, verb, answer) = operation.What;
        var own = $"{verb} {by}";
        return answer switch
        {
            "recorded" when at.Is == "pending" && operation.Called < at.Due => [at with { Is = verb == "approve" ? "approved" : "rejected", By = by, Decided = own }],
            "already_recorded" when at.Decided == own => [at],
            "already_decided" when at.Decided is { } decided && decided != own && at.Is is "approved" or "rejected" or "sent" => [at],
            "cancelled" when at.Is == "cancelled" && at.Decided != own => [at],
            "expired" => Expired(at, operation),
            _ => [],
        };
    }

    private static IEnumerable<Stand> Cancel(Stand at, Operation<Asked> operation)
    {
        var by = operation.What.By;
        return operation.What.Answer switch
        {
            "recorded" when at.Is == "approved" || (at.Is == "pending" && operation.Called < at.Due) => [at with { Is = "cancelled", By = by }],
            "already_recorded" when at.Is == "cancelled" && at.By == by => [at],
            "cancelled" when at.Is == "cancelled" && at.By != by => [at],
            "already_decided" when at.Is == "rejected" => [at],
            // It was sent by itself, and this is the first that is heard of it.
            "already_dispatched" or "finished" when at.Is is "approved" or "sent" => [at with { Is = "sent" }],
            "expired" => Expired(at, operation),
            _ => [],
        };
    }

    private static IEnumerable<Stand> Read(Stand at, string status) => status switch
    {
        "dispatching" or "succeeded" => at.Is is "approved" or "sent" ? [at with { Is = "sent" }] : [],
        "expired" => at.Is is "pending" or "expired" ? [at with { Is = "expired" }] : [],
        _ => status == at.Is ? [at] : [],
    };

    // Told by the clock, whether or not that is recorded yet.
    private static IEnumerable<Stand> Expired(Stand at, Operation<Asked> operation) =>
        at.Is is "pending" or "expired" ? [at with { Due = Math.Min(at.Due, operation.Returned) }] : [];
}
