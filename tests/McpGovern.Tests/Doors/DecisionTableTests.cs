using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Storage;
using static McpGovern.Tests.Doors.Ask;
using static McpGovern.Tests.Doors.Histories;

namespace McpGovern.Tests.Doors;

/// <summary>One row of the table of answers: what stands, what is sent, and what every door has to say to it.</summary>
/// <param name="Status">The call's status afterwards.</param>
/// <param name="DecidedBy">Whose decision the answer shows.</param>
public sealed record AnswerRow(string When, string Answer, string Status, string? DecidedBy)
{
    internal IReadOnlyList<CallEvent> History { get; init; } = [];
    internal Ask Ask { get; init; } = Approve;
    internal IReadOnlyList<Door> Doors { get; init; } = Door.All;

    public override string ToString() => When;
}

/// <summary>Every row of the design's table of answers, on a fresh stream for every door; the order of the checks too.</summary>
[Collection("doors")]
public sealed class DecisionTableTests(DoorHouse house)
{
    private static readonly Dictionary<string, (int Http, int Exit)> Signs = new()
    {
        ["recorded"] = (200, 0),
        ["already_recorded"] = (200, 0),
        ["bad_request"] = (400, 2),
        ["not_eligible"] = (403, 4),
        ["self_approval"] = (403, 4),
        ["already_decided"] = (409, 3),
        ["expired"] = (409, 3),
        ["cancelled"] = (409, 3),
        ["invalidated"] = (409, 3),
        ["finished"] = (409, 3),
        ["stale_view"] = (409, 3),
    };

    private static readonly Ask Stale = Approve with { ExpectedHash = "sha256:another" };

    public static TheoryData<AnswerRow> Rows => new()
    {
        Row("pending, approved", [Asked, Parked], Approve, "recorded", "approved", "alice"),
        Row("pending, rejected", [Asked, Parked], Reject with { Comment = "no" }, "recorded", "rejected", "alice"),
        Wire("no deadline", [Asked, Parked with { Deadline = null }], Approve, "recorded", "approved", "alice"),
        Wire("the hash that was shown", [Asked, Parked], Approve with { ExpectedHash = Hash }, "recorded", "approved", "alice"),
        Wire("the node that is pending", [Asked, Parked], Approve with { NodeId = "payments.submit" }, "recorded", "approved", "alice"),
        Row("the first of two approvals", [Asked, ByTwo], Approve, "recorded", "pending", "alice"),
        Wire("the second of two approvals", [Asked, ByTwo, BobYes], Approve, "recorded", "approved", "alice"),
        Wire("a rejection ends a quorum", [Asked, ByTwo, BobYes], Reject, "recorded", "rejected", "alice"),
        Wire("own approval taken back while pending", [Asked, ByTwo, AliceYes], Reject, "recorded", "rejected", "alice"),
        Row("own approval does not count twice", [Asked, ByTwo, AliceYes], Approve, "already_recorded", "pending", "alice"),
        Wire("self-approval that the rule allows", [ByAlice, Parked with { SelfApproval = true }], Approve, "recorded", "approved", "alice"),
        Wire("a rejection where persons must be present", [Asked, Parked with { HumanRequired = true }], Reject, "recorded", "rejected", "alice"),
        Row("a comment where one is required", [Asked, Commented], Approve with { Comment = "seen" }, "recorded", "approved", "alice"),

        Row("approved by me", [Asked, Parked, AliceYes], Approve, "already_recorded", "approved", "alice"),
        Wire("approved by me, running", [Asked, Parked, AliceYes, Sent], Approve, "already_recorded", "dispatching", "alice"),
        Wire("approved by me, done", [Asked, Parked, AliceYes, Sent, Done], Approve, "already_recorded", "succeeded", "alice"),
        Wire("approved by me, not run in time", [Asked, Parked, AliceYes, Expired], Approve, "already_recorded", "expired", "alice"),
        Wire("approved by me, cancelled", [Asked, Parked, AliceYes, Cancelled], Approve, "already_recorded", "cancelled", "alice"),
        Wire("approved by me, invalidated", [Asked, Parked, AliceYes, Invalidated], Approve, "already_recorded", "invalidated", "alice"),
        Wire("rejected by me", [Asked, Parked, AliceNo], Reject, "already_recorded", "rejected", "alice"),
        Wire("approved by me, with another hash", [Asked, Parked, AliceYes], Stale, "already_recorded", "approved", "alice"),

        Row("approved by bob", [Asked, Parked, BobYes], Approve, "already_decided", "approved", "bob"),
        Wire("approved by bob, then rejected by me", [Asked, Parked, BobYes], Reject, "already_decided", "approved", "bob"),
        Wire("rejected by bob", [Asked, Parked, BobNo], Approve, "already_decided", "rejected", "bob"),
        Row("approved by me, then rejected by me", [Asked, Parked, AliceYes], Reject, "already_decided", "approved", "alice"),
        Wire("rejected by me, then approved by me", [Asked, Parked, AliceNo], Approve, "already_decided", "rejected", "alice"),
        Row("approved by bob, lost", [Asked, Parked, BobYes, Sent, Lost], Approve, "already_decided", "outcome_unknown", "bob"),
        Wire("approved by bob, done", [Asked, Parked, BobYes, Sent, Done], Approve, "already_decided", "succeeded", "bob"),

        Row("expired", [Asked, Parked, Expired], Approve, "expired", "expired"),
        Wire("expired, rejected", [Asked, Parked, Expired], Reject, "expired", "expired"),
        // A sweeper may be first with recording it: the answer is the same either way, and only the status tells.
        Row("past due", [Asked, PastDue], Approve, "expired", "expired"),
        Wire("past due, rejected", [Asked, PastDue], Reject, "expired", "expired"),
        Row("an approval that ran out", [Asked, ShortLived, BobYes], Approve, "expired", "expired"),
        Row("cancelled", [Asked, Parked, Cancelled], Approve, "cancelled", "cancelled"),
        Row("invalidated", [Asked, Parked, Invalidated], Approve, "invalidated", "invalidated"),
        Row("never gated, done", [Asked, Allowed, Sent, Done], Approve, "finished", "succeeded"),
        Wire("denied", [Asked, Denied], Approve, "finished", "denied"),
        Row("another hash", [Asked, Parked], Stale, "stale_view", "pending"),
        Wire("another hash, rejected", [Asked, Parked], Stale with { Decision = "rejected" }, "stale_view", "pending"),

        Row("not an approver of the rule", [Asked, Parked with { Approvers = ["bob"] }], Approve, "not_eligible", "pending"),
        Wire("not in the rule's group", [Asked, Parked with { Approvers = ["group:finance"] }], Reject, "not_eligible", "pending"),
        Row("no person shown to be present", [Asked, Parked with { HumanRequired = true }], Approve, "not_eligible", "pending"),
        Row("asked by me", [ByAlice, Parked], Approve, "self_approval", "pending"),
        Wire("asked by me, rejected", [ByAlice, Parked], Reject, "self_approval", "pending"),
        Row("no comment where one is required", [Asked, Commented], Approve, "bad_request", "pending"),
        Wire("a blank comment where one is required", [Asked, Commented], Approve with { Comment = "  " }, "bad_request", "pending"),
        Row("no comment with a rejection", [Asked, Parked with { CommentRequired = "reject" }], Reject, "bad_request", "pending"),

        Wire("order: eligible before decided", [Asked, Parked with { Approvers = ["bob"] }, BobYes], Approve, "not_eligible", "approved"),
        Wire("order: self before past due", [ByAlice, PastDue], Approve, "self_approval", "pending"),
        Wire("order: recorded before the other way's end", [Asked, Parked, AliceYes, Cancelled], Reject, "cancelled", "cancelled"),
        Wire("order: past due before another hash", [Asked, PastDue], Stale, "expired", "expired"),
        Wire("order: decided before another hash", [Asked, Parked, BobYes], Stale, "already_decided", "approved", "bob"),
        Wire("order: another hash before the comment", [Asked, Commented], Stale, "stale_view", "pending"),
    };

    [Theory, MemberData(nameof(Rows))]
    public async Task Decide_OnEveryDoor_AnswersAndRecordsTheSame(AnswerRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var outcomes = await Task.WhenAll(row.Doors.Select(door => OnAsync(door, row)));
        Assert.All(outcomes, outcome => Assert.Equal(outcomes[0], outcome));
    }

    private async Task<(string Members, string Recorded)> OnAsync(Door door, AnswerRow row)
    {
        var callId = await house.StoreAsync(row.History);
        var answer = await door.DecideAsync(house, callId, row.Ask);
        var (http, exit) = Signs[row.Answer];
        Assert.Equal($"{door}: {row.Answer}, {door.SignOf(http, exit)}", $"{door}: {answer.Word}, {answer.Sign}");
        Assert.Equal(row.Answer is "recorded" or "already_recorded", (bool)answer.Members["accepted"]!);
        Assert.Equal((callId, CallId.ExecutionOf(callId), "payments.submit", row.DecidedBy), (
            (string?)answer.Members["call_id"], (string?)answer.Members["execution_id"], (string?)answer.Members["node_id"], (string?)answer.Members["decision"]?["by"]));

        var events = await house.EventsAsync(callId);
        var added = events.Skip(row.History.Count).ToArray();
        Assert.Equal(row.Answer == "recorded" ? 1 : 0, added.OfType<ApprovalReceived>().Count());
        Assert.DoesNotContain(added, e => e is not (ApprovalReceived or ApprovalExpired));
        // What is past due is written down by whoever looks first, a sweeper too.
        var mayExpire = row.Answer == "expired" || row.History.Contains(PastDue);
        if (!mayExpire)
        {
            Assert.Equal(row.Status, (string?)answer.Members["status"]);
        }

        return (mayExpire ? "" : answer.Comparable(callId), string.Join('\n', added.OfType<ApprovalReceived>().Select(Comparable)));
    }

    private static string Comparable(ApprovalReceived recorded)
    {
        var json = JsonNode.Parse(EventTypes.Write(recorded))!.AsObject();
        foreach (var name in (string[])["at", "via", "credential", "auth_method"])
        {
            Assert.True(json.Remove(name), $"no '{name}'");
        }

        return json.ToJsonString();
    }

    private static AnswerRow Row(string when, CallEvent[] history, Ask ask, string answer, string status, string? decidedBy = null) =>
        new(when, answer, status, decidedBy) { History = history, Ask = ask };

    /// <summary>Without the command line, whose every answer costs a process: each of its words is in a row above.</summary>
    private static AnswerRow Wire(string when, CallEvent[] history, Ask ask, string answer, string status, string? decidedBy = null) =>
        Row(when, history, ask, answer, status, decidedBy) with { Doors = Door.Wire };
}
