using McpGovern.Calls;
using static McpGovern.Calls.CallCommand;
using static McpGovern.Tests.Calls.CallSamples;

namespace McpGovern.Tests.Calls;

public sealed class CallAccessTests
{
    private static readonly Actor
        Auditor = new("ada", "key:ada", "key") { Roles = Roles.Auditor },
        Stranger = new("sam", "key:sam", "key") { Roles = Roles.Caller };

    public static TheoryData<string[], Actor, bool> MayApprove => new()
    {
        { [], Alice, true },
        { [], Bob, true },
        { [], Stranger, false },
        { [], Supervisor, false },
        { ["alice"], Alice, true },
        { ["alice"], Bob, false },
        { ["group:finance"], Bob, true },
        { ["group:fin*"], Bob, true },
        { ["group:finance"], Alice, false },
        { ["sam"], Stranger, true },
        { ["*"], Alice, true },
        { ["*"], Supervisor, false },
        { ["agent:*"], Supervisor, true },
        { ["agent:*"], Alice, false },
        { ["agent:supervisor", "alice"], Supervisor, true },
        { ["Alice"], Alice, false },
        { ["group:*"], Supervisor with { Groups = ["finance"] }, false },
        { [], Alice with { DecidesNothing = true }, false },
        { ["alice"], Alice with { DecidesNothing = true }, false },
        { ["*"], Stranger with { DecidesNothing = true }, false },
        { ["group:finance"], Bob with { DecidesNothing = true }, false },
        { ["agent:*"], Supervisor with { DecidesNothing = true }, false },
    };

    [Theory, MemberData(nameof(MayApprove))]
    public void Approve_ByTheRulesApprovers_IsRecordedForThemOnly(string[] approvers, Actor actor, bool may) =>
        Assert.Equal(may ? null : Refusal.NotEligible,
            Decide(Pending(Parked with { Approvers = approvers }), new Approve(actor, null, "rest", null, Noon)).Refusal);

    [Theory]
    [InlineData(true, true, null)]
    [InlineData(true, false, Refusal.NotEligible)]
    [InlineData(false, true, null)]
    public void HumanRequired_WithUnprovenPresence_RefusesApprovalsAndCountsRejections(bool approve, bool proven, Refusal? expected)
    {
        var by = Alice with { PresenceProven = proven };
        CallCommand command = approve ? new Approve(by, null, "cli", null, Noon) : new Reject(by, null, "cli", null, Noon);

        Assert.Equal(expected, Decide(Pending(Parked with { HumanRequired = true }), command).Refusal);
    }

    [Fact]
    [Trait("attack", "S26")]
    public void HumanRequired_WithANamedAgent_RefusesItsApprovalAndCountsItsRejection()
    {
        var history = Pending(Parked with { HumanRequired = true, Approvers = ["agent:*", "alice"] });

        Assert.Equal(Refusal.NotEligible, Decide(history, new Approve(Supervisor with { PresenceProven = true }, null, "mcp", null, Noon)).Refusal);
        Assert.Null(Decide(history, new Reject(Supervisor, null, "mcp", null, Noon)).Refusal);
    }

    public static TheoryData<Actor, ToolApprovalRequired, Refusal?> ByGrant => new()
    {
        { Alice, Parked, null },
        { Stranger, Parked, Refusal.NotEligible },
        { Alice, Parked with { Approvers = ["bob"] }, Refusal.NotEligible },
        { Bob, Parked with { HumanRequired = true }, Refusal.NotEligible },
        { Alice, ByTwo, Refusal.NotEligible },
        { Supervisor, Parked with { Approvers = ["agent:*"] }, Refusal.NotEligible },
        { Alice with { Credential = Agent.Credential }, Parked with { SelfApproval = true }, Refusal.SelfApproval },
        { Alice with { Session = "s1" }, Parked with { SelfApproval = true }, Refusal.SelfApproval },
        { Alice with { Id = Agent.Id }, Parked with { SelfApproval = true, Approvers = ["agent:*"] }, Refusal.SelfApproval },
    };

    [Theory, MemberData(nameof(ByGrant))]
    public void Approve_ByAGrant_IsOneOtherPersonsWordAndNoMore(Actor giver, ToolApprovalRequired gate, Refusal? expected)
    {
        var outcome = Decide(Pending(gate), new Approve(giver, "beforehand", "grant", null, Noon) { Grant = "grant_1" });

        Assert.Equal(expected, outcome.Refusal);
        Assert.Equal(expected is null ? "grant_1" : null, outcome.Events.OfType<ApprovalReceived>().SingleOrDefault()?.Grant);
    }

    [Fact]
    public void Reject_WithACredentialThatDecidesNothing_IsNotRecordedEither() =>
        Assert.Equal(Refusal.NotEligible,
            Decide(Pending(Parked with { Approvers = ["alice"] }), new Reject(Alice with { DecidesNothing = true }, null, "rest", null, Noon)).Refusal);

    private static readonly Actor
        CoderForAlice = new("agent:coder", "key:alice", "jwt"),
        AliceOverStdio = new("alice", "stdio:alice", "stdio") { Roles = Roles.Caller | Roles.Approver },
        AliceAtTheShell = new("alice", "os:al", "os") { Roles = Roles.All, PresenceProven = true },
        SamAtTheShell = new("sam", "os:sam", "os") { Roles = Roles.All },
        CoderOverStdio = new("agent:coder", "stdio:agent:coder", "stdio"),
        SomeoneOverStdio = new("agent:stdio@sam", "stdio:agent:stdio@sam", "stdio");

    /// <summary>Who asked, who decides, and whether that is one person: behind a key, a token or a stdio launch stands whom it names.</summary>
    public static TheoryData<Actor, Actor, bool> Persons => new()
    {
        { CoderForAlice, Alice, true },
        { CoderForAlice, AliceAtTheShell, true },
        { CoderForAlice, AliceOverStdio, true },
        { Alice, CoderForAlice, true },
        { AliceOverStdio, CoderForAlice, true },
        { AliceAtTheShell, CoderForAlice, true },
        { AliceOverStdio, Alice, true },
        { AliceOverStdio, AliceAtTheShell, true },
        { CoderForAlice, new("agent:helper", "key:alice", "jwt"), true },
        { CoderOverStdio, new("agent:other", "key:agent:coder", "jwt"), true },
        { CoderForAlice, Bob, false },
        { CoderForAlice, SamAtTheShell, false },
        { CoderForAlice, new("agent:helper", "key:bob", "jwt"), false },
        // A stdio launch is a credential of its own, and whoever launched it decides at the command line.
        { CoderOverStdio, SamAtTheShell, false },
        { SomeoneOverStdio, SamAtTheShell, false },
        { CoderOverStdio, AliceAtTheShell, false },
    };

    [Theory, MemberData(nameof(Persons))]
    [Trait("attack", "S8")]
    public void Approve_ByThePersonWhoAsked_IsSelfApproval_ByWhateverCredentials(Actor asks, Actor decides, bool isOne)
    {
        CallEvent[] history = [Asked with { RequestedBy = asks.Id, Credential = asks.Credential, Session = null }, Parked with { Approvers = ["*", "agent:*"] }];

        Assert.Equal(isOne ? Refusal.SelfApproval : null, Decide(history, new Approve(decides, null, "rest", null, Noon)).Refusal);
        Assert.Equal(isOne, CallAccess.IsRequester(decides, (CallState.Known)Call.Replay(history)));
        Assert.Equal(isOne ? Refusal.SelfApproval : decides.IsAgent ? Refusal.NotEligible : null,
            Decide(history, new Approve(decides, null, "grant", null, Noon) { Grant = "grant_1" }).Refusal);
    }

    [Fact]
    [Trait("attack", "S29")]
    public void Approve_ByTheAgentOfWhoeverApprovedAlready_IsNoSecondPersonsWord()
    {
        CallEvent[] history = [Asked, ByTwo with { Approvers = ["*", "agent:*"] }, Answered(Alice, "approved")];
        var helper = new Actor("agent:helper", "key:alice", "jwt");

        Assert.Equal(Refusal.NotEligible, Decide(history, new Approve(helper, null, "mcp", null, Noon)).Refusal);
        Assert.Null(Decide(history, new Reject(helper, null, "mcp", null, Noon)).Refusal);
        Assert.Null(Decide(history, new Approve(helper with { Credential = "key:bob" }, null, "mcp", null, Noon)).Refusal);
        Assert.Equal(Refusal.NotEligible,
            Decide([Asked, ByTwo with { Approvers = ["*", "agent:*"] }, Answered(helper, "approved")], new Approve(AliceAtTheShell, null, "cli", null, Noon)).Refusal);
        Assert.Empty(Decide(history, new Approve(AliceAtTheShell, null, "cli", null, Noon)).Events);
    }

    public static TheoryData<Actor, bool> Looks => new()
    {
        { Agent, true }, { Alice, true }, { Operator, true }, { Auditor, true }, { Stranger, false }, { Supervisor, false },
        { Stranger with { Credential = Agent.Credential }, true },
    };

    [Theory, MemberData(nameof(Looks))]
    public void MaySee_ACall_IsForRequesterDecidersOperatorsAndAuditors(Actor actor, bool may) =>
        Assert.Equal(may, CallAccess.MaySee(actor, (CallState.Known)Call.Replay(Pending())));

    [Fact]
    public void MaySee_AnApproverWhomTheRuleDoesNotName_DoesNot() =>
        Assert.False(CallAccess.MaySee(Alice, (CallState.Known)Call.Replay(Pending(Parked with { Approvers = ["bob"] }))));
}
