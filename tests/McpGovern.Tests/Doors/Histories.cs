using McpGovern.Calls;

namespace McpGovern.Tests.Doors;

/// <summary>The events that the tables are written with.</summary>
internal static class Histories
{
    public const string Hash = "sha256:the-call";
    public static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow(), Ago = Now.AddMinutes(-1), Later = Now.AddHours(1);

    public static readonly CallSubmitted Asked = new(
        "doors", "payments", "submit", "fp", """{"amount":900}""", "sha256:args", "sha256:tool", "agent:coder", "stdio:agent:coder", Session: "s1",
        new ClientInfo("test", "1"), "", "payments.submit", "default", "", Meta: null, Traceparent: null, null, null, null, Ago);

    public static readonly CallSubmitted ByAlice = Asked with { RequestedBy = "alice", Credential = "key:alice" };

    public static readonly ToolApprovalRequired Parked = new(
        "require_approval_for: payments.*", "p.yaml:5", "digest", Hash, [], Quorum: 1, HumanRequired: false, SelfApproval: false, CommentRequired: "never",
        Deadline: Later, ValidForSeconds: 7200, Idempotent: false, PolicyActivatedAt: Ago, Ago);

    public static readonly ToolApprovalRequired
        ByTwo = Parked with { Quorum = 2 },
        PastDue = Parked with { Deadline = Ago },
        ShortLived = Parked with { ValidForSeconds = 1 },
        Commented = Parked with { CommentRequired = "always" };

    public static readonly CallEvent
        AliceYes = Answered("alice", "approved"),
        AliceNo = Answered("alice", "rejected"),
        BobYes = Answered("bob", "approved"),
        BobNo = Answered("bob", "rejected", "wrong account"),
        Sent = new DispatchStarted(1, "proc_gone", "call", Ago),
        Done = new CallSucceeded("sha256:r", 10, false, 1, Ago),
        Lost = new OutcomeUnknown("gone", Ago),
        Expired = new ApprovalExpired(Ago, Ago),
        Cancelled = new CallCancelled("agent:coder", "changed my mind", "mcp", Ago),
        Invalidated = new ApprovalInvalidated("policy", "the rule changed", "call_00000000000000000000000000000001", Ago),
        Allowed = new CallAllowed("allow: *", "p.yaml:3", false, Ago),
        Denied = new CallDenied("deny: *", "p.yaml:4", null, Ago);

    private static ApprovalReceived Answered(string by, string decision, string? comment = null) =>
        new(by, decision, comment, "rest", "unproven", null, "key", $"key:{by}", false, Ago);
}
