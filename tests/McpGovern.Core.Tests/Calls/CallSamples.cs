using McpGovern.Calls;
using static McpGovern.Calls.CallCommand;

namespace McpGovern.Tests.Calls;

/// <summary>The actors, commands and events that the tables are written with.</summary>
internal static class CallSamples
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero), One = Noon.AddHours(1), Two = Noon.AddHours(2);

    public static readonly Actor
        Agent = new("agent:coder", "key:agent:coder", "key"),
        Alice = new("alice", "key:alice", "key") { Roles = Roles.Caller | Roles.Approver },
        Bob = new("bob", "key:bob", "key") { Roles = Roles.Approver, Groups = ["finance"], PresenceProven = true },
        Carol = new("carol", "key:carol", "key") { Roles = Roles.Approver },
        Operator = new("olga", "key:olga", "key") { Roles = Roles.Operator },
        Supervisor = new("agent:supervisor", "key:agent:supervisor", "key") { Roles = Roles.Caller | Roles.Approver };

    public static readonly CallSubmitted Asked = new(
        "default", "payments", "submit", "fp", """{"amount":900}""", "sha256:args", "sha256:tool", Agent.Id, Agent.Credential, Session: "s1",
        new ClientInfo("test", "1"), "exec_00000000000000000000000000000001", "payments.submit", "default", "attach", null, null, null, null, null, Noon);

    public static readonly CallAllowed Ok = new("allow: payments.*", "p.yaml:3", false, Noon);
    public static readonly CallDenied No = new("deny: payments.*", "p.yaml:4", null, Noon);

    public static readonly ToolApprovalRequired Parked = new(
        "require_approval_for: payments.*", "p.yaml:5", "digest", "sha256:a1", [], Quorum: 1, HumanRequired: false, SelfApproval: false,
        CommentRequired: "never", Deadline: One, ValidForSeconds: 3600, Idempotent: false, PolicyActivatedAt: Noon, Noon);

    public static readonly ToolApprovalRequired ByTwo = Parked with { Quorum = 2 };

    public static readonly ApprovalReceived
        AliceYes = Answered(Alice, "approved"), AliceNo = Answered(Alice, "rejected"), CarolYes = Answered(Carol, "approved"), CarolNo = Answered(Carol, "rejected");

    public static readonly DispatchStarted Sent = new(1, "p1", "call", Noon);
    public static readonly UpstreamTaskFollowed Followed = new("task-1", "p1", 500, Noon);
    public static readonly UpstreamTaskInput Told = new(Agent.Id, "{}", Noon);
    public static readonly CallSucceeded Done = new("sha256:r", 10, false, 1, Noon);
    public static readonly CallFailed Broke = new("sha256:r", 10, true, 1, null, Noon);
    public static readonly OutcomeUnknown Lost = new("gone", Noon);
    public static readonly OutcomeArrivedLate Late = new("succeeded", "sha256:r", 10, false, Noon);
    public static readonly OutcomeResolved Found = new("olga", "succeeded", "saw it in the ledger", "cli", Noon);
    public static readonly DispatchDeferred Deferred = new("away", One, Noon);
    public static readonly ApprovalExpired Expired = new(One, One);
    public static readonly CallCancelled Cancelled = new(Agent.Id, "changed my mind", "mcp", Noon);
    public static readonly ApprovalInvalidated Invalidated = new("policy", "the rule changed", null, Noon);
    public static readonly ResultDelivered Delivered = new("call", Noon);

    public static readonly Approve AliceApproves = new(Alice, null, "rest", null, Noon);
    public static readonly Reject AliceRejects = new(Alice, null, "rest", null, Noon);
    public static readonly Dispatch Run = new("sha256:a1", "p1", "call", Noon);
    public static readonly Finish Reply = new("p1", true, "sha256:r", 10, false, 1, null, Noon);

    public static CallEvent[] Pending(ToolApprovalRequired? gate = null) => [Asked, gate ?? Parked];
    public static CallEvent[] Approved => [.. Pending(), AliceYes];
    public static CallEvent[] Dispatching => [.. Approved, Sent];

    public static CallEvent[] Following => [Asked, Ok, Sent, Followed];

    public static ApprovalReceived Answered(Actor by, string decision, string? comment = null) =>
        new(by.Id, decision, comment, "rest", by.PresenceProven ? "proven" : "unproven", null, by.AuthMethod, by.Credential, false, Noon);

    /// <summary>Ended with questions, for a caller that has it as a task.</summary>
    public static CallEvent[] Waiting => [Asked with { ClientCapabilities = "{}" }, Parked, AliceYes, Sent, Done with { InputRequired = true }];

    public static readonly GiveInput GiveA = new(Agent, ["a", "b"], """{"a": 1}""", "next", Noon), GiveBoth = GiveA with { Responses = """{"b":[2], "c":3, "a":1}""" };
    public static readonly InputReceived GotA = new(Agent.Id, """{"a":1}""", null, Noon), GotB = new(Agent.Id, """{"b":[2]}""", "next", Noon);

    public static Outcome<CallEvent, Refusal> Decide(CallEvent[] history, CallCommand command) => Call.Decide(command, Call.Replay(history));
}
