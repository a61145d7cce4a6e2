using McpGovern.Calls;
using static McpGovern.Calls.CallCommand;
using static McpGovern.Tests.Calls.CallSamples;

namespace McpGovern.Tests.Calls;

public sealed class CallTests
{
    public static TheoryData<CallEvent[], CallCommand, CallEvent[]> Recorded => new()
    {
        { [], new Allow(Asked, Ok, "p1", "call", Noon), [Asked, Ok, Sent] },
        { [], new AllowUnsent(Asked, Ok, "away", Noon), [Asked, Ok, new CallFailed(null, 0, true, 0, "away", Noon)] },
        { [], new Deny(Asked, No, Noon), [Asked, No] },
        { [], new Park(Asked, Parked, Noon), [Asked, Parked] },

        { Pending(), AliceApproves, [AliceYes] },
        { Pending(), AliceApproves with { SeenHash = "sha256:a1" }, [AliceYes with { SeenHash = "sha256:a1" }] },
        { Pending(), AliceApproves with { At = One.AddTicks(-1) }, [AliceYes with { At = One.AddTicks(-1) }] },
        { Pending(Parked with { Deadline = null }), AliceApproves with { At = Two }, [AliceYes with { At = Two }] },
        { Pending(), AliceRejects, [AliceNo] },
        { Pending(Parked with { CommentRequired = "reject" }), AliceApproves, [AliceYes] },
        { Pending(Parked with { CommentRequired = "always" }), AliceApproves with { Comment = "fine" }, [AliceYes with { Comment = "fine" }] },
        { Pending(Parked with { SelfApproval = true, Approvers = ["agent:coder"] }), AliceApproves with { By = Agent }, [Answered(Agent, "approved") with { SelfApproved = true }] },

        { Approved, AliceApproves, [] },
        { Dispatching, AliceApproves, [] },
        { [.. Dispatching, Done], AliceApproves with { At = Two }, [] },
        { [.. Pending(), AliceNo], AliceRejects, [] },
        { [.. Approved, Cancelled], AliceApproves, [] },
        { [.. Pending(ByTwo), AliceYes], AliceApproves, [] },
        { [.. Pending(ByTwo), AliceYes], new Approve(Carol, null, "rest", null, Noon), [CarolYes] },
        { [.. Pending(ByTwo), AliceYes], AliceRejects, [AliceNo] },

        { Pending(), new Cancel(Agent, null, "mcp", Noon), [Cancelled with { Reason = null }] },
        { Approved, new Cancel(Operator, "stop", "cli", Noon), [new CallCancelled("olga", "stop", "cli", Noon)] },
        { [.. Approved, Cancelled], new Cancel(Agent, null, "mcp", Noon), [] },

        { Pending(), new Expire(One), [Expired] },
        { Approved, new Expire(One), [new ApprovalExpired(One, One)] },
        { Pending(), new Invalidate("policy", "the rule changed", null, Noon), [Invalidated] },
        { Approved, new Invalidate("policy", "the rule changed", null, Noon), [Invalidated] },

        { Approved, Run, [Sent] },
        { [.. Approved, Deferred], Run, [Sent] },
        { [.. Dispatching, Deferred], Run, [Sent with { Attempt = 2 }] },
        { Dispatching, new DispatchAgain("p1", "sha256:a1", "p2", "call", Noon), [new DispatchStarted(2, "p2", "call", Noon)] },
        { Approved, new Defer(null, "away", One, Noon), [Deferred] },
        { Dispatching, new Defer("p1", "away", One, Noon), [Deferred] },

        { Dispatching, Reply, [Done] },
        { Dispatching, Reply with { Succeeded = false, IsError = true }, [Broke] },
        { [Asked, Ok, Sent], Reply, [Done] },
        { Dispatching, new Lose("p1", "gone", Noon), [Lost] },

        { [Asked, Ok, Sent], new Follow("p1", "task-1", 500, Noon), [Followed] },
        { Dispatching, new Follow("p1", "task-1", null, Noon), [Followed with { PollIntervalMs = null }] },
        { Following, new Adopt("p1", "p2", One), [Followed with { Process = "p2", At = One }] },
        { Following, new AnswerTask(Agent, "{}", Noon), [Told] },
        { [.. Following, Told], Reply, [Done] },
        { [.. Following, Followed with { Process = "p2" }], Reply with { Process = "p2" }, [Done] },
        { Following, Reply with { Succeeded = false, IsError = true, Cancelled = true }, [Broke with { Cancelled = true }] },
        { Following, new Lose("p1", "gone", Noon), [Lost] },
        { [.. Following, Followed with { Process = "p2" }, Lost], Reply with { Process = "p2" }, [Late] },
        { [.. Dispatching, Lost], Reply, [Late] },
        { [.. Dispatching, Lost, Found], Reply, [Late] },
        { [.. Dispatching, Lost], new Resolve(Operator, "succeeded", "saw it in the ledger", "cli", Noon), [Found] },
        { [.. Dispatching, Lost, Found], new Resolve(Operator, "succeeded", "again", "cli", Noon), [] },
        { [.. Dispatching, Done], new Deliver("call", Noon), [Delivered] },
        { [.. Dispatching, Done, Delivered], new Deliver("rest", Noon), [] },
        { Dispatching, new Deliver("call", Noon), [] },

        { Waiting, GiveA, [GotA] },
        { [.. Waiting, GotA], GiveA, [] },
        { [.. Waiting, GotA], GiveBoth, [GotB] },
        { [.. Waiting, Delivered, GotA], GiveBoth with { Next = "other" }, [GotB with { ContinuedBy = "other" }] },
        { Waiting, GiveBoth, [new InputReceived(Agent.Id, """{"b":[2],"a":1}""", "next", Noon)] },
        { Waiting, GiveA with { Responses = """{"c":3}""" }, [] },
        { Waiting, GiveA with { Responses = "{}" }, [] },
        { Waiting, GiveA with { Asked = [], Responses = "{}" }, [new InputReceived(Agent.Id, "{}", "next", Noon)] },
        { Waiting, new Cancel(Agent, "changed my mind", "mcp", Noon), [Cancelled] },
        { [.. Waiting, GotA], new Cancel(Operator, null, "cli", Noon), [new CallCancelled("olga", null, "cli", Noon)] },
        { [.. Waiting, GotA, GotB], new Deliver("task", Noon), [Delivered with { Door = "task" }] },
    };

    public static TheoryData<CallEvent[], CallCommand, Refusal> Refused => new()
    {
        { [], AliceApproves, Refusal.NotFound },
        { [], Run, Refusal.NotFound },
        { Pending(), new Park(Asked, Parked, Noon), Refusal.AlreadySubmitted },
        { [Asked, No], new Allow(Asked, Ok, "p1", "call", Noon), Refusal.AlreadySubmitted },

        { Pending(), AliceApproves with { By = Agent }, Refusal.SelfApproval },
        { Pending(), AliceRejects with { By = Agent }, Refusal.SelfApproval },
        { Pending(), AliceApproves with { By = Alice with { Credential = Agent.Credential } }, Refusal.SelfApproval },
        { Pending(), AliceApproves with { By = Alice with { Session = "s1" } }, Refusal.SelfApproval },
        { Approved, AliceApproves with { By = Agent }, Refusal.SelfApproval },
        { Pending(), AliceApproves with { By = Operator }, Refusal.NotEligible },
        { Pending(), AliceApproves with { By = Supervisor }, Refusal.NotEligible },
        { Pending(Parked with { HumanRequired = true }), AliceApproves, Refusal.NotEligible },

        { Pending(), AliceApproves with { At = One }, Refusal.Expired },
        { Pending(), AliceRejects with { At = One }, Refusal.Expired },
        { [.. Pending(), Expired], AliceApproves, Refusal.Expired },
        { Approved, AliceApproves with { By = Carol, At = One }, Refusal.Expired },
        { [.. Pending(), Cancelled], AliceApproves, Refusal.Cancelled },
        { [.. Pending(), Cancelled], AliceApproves with { At = Two }, Refusal.Cancelled },
        { [.. Pending(), Invalidated], AliceApproves, Refusal.Invalidated },
        { Approved, AliceApproves with { By = Carol }, Refusal.AlreadyDecided },
        { Approved, AliceRejects, Refusal.AlreadyDecided },
        { [.. Pending(), AliceNo], AliceApproves, Refusal.AlreadyDecided },
        { [.. Dispatching, Done], AliceApproves with { By = Carol }, Refusal.AlreadyDecided },
        { [Asked, Ok, Sent, Done], AliceApproves, Refusal.Finished },
        { [Asked, No], AliceApproves, Refusal.Finished },
        { Pending(), AliceApproves with { SeenHash = "sha256:b2" }, Refusal.StaleView },
        { Pending(Parked with { CommentRequired = "reject" }), AliceRejects, Refusal.CommentRequired },
        { Pending(Parked with { CommentRequired = "always" }), AliceApproves with { Comment = " " }, Refusal.CommentRequired },
        { Pending(Parked with { CommentRequired = "always" }), AliceApproves with { SeenHash = "sha256:b2" }, Refusal.StaleView },

        { Pending(), new Cancel(Alice, null, "rest", Noon), Refusal.NotEligible },
        { Pending(), new Cancel(Agent, null, "mcp", One), Refusal.Expired },
        { Dispatching, new Cancel(Agent, null, "mcp", Noon), Refusal.AlreadyDispatched },
        { [.. Dispatching, Done], new Cancel(Agent, null, "mcp", Noon), Refusal.Finished },
        { [.. Pending(), AliceNo], new Cancel(Agent, null, "mcp", Noon), Refusal.AlreadyDecided },
        { [.. Pending(), Cancelled], new Cancel(Operator, null, "cli", Noon), Refusal.Cancelled },

        { Pending(), new Expire(One.AddTicks(-1)), Refusal.NotDue },
        { Pending(Parked with { Deadline = null }), new Expire(Two), Refusal.NotDue },
        { Dispatching, new Expire(Two), Refusal.NotDue },
        { Dispatching, new Invalidate("tool", "changed", null, Noon), Refusal.AlreadyDecided },

        { Pending(), Run, Refusal.NotApproved },

        { [Asked, Ok, Sent], new Follow("p2", "task-1", 500, Noon), Refusal.NotOwner },
        { Following, new Follow("p1", "task-2", 500, Noon), Refusal.NotOwner },
        { [Asked, Ok, Sent], new Adopt("p1", "p2", Noon), Refusal.NotOwner },
        { Following, new Adopt("p3", "p2", Noon), Refusal.NotOwner },
        { [.. Following, Followed with { Process = "p2" }], Reply, Refusal.NotOwner },
        { [.. Following, Followed with { Process = "p2" }], new Lose("p1", "gone", Noon), Refusal.NotOwner },
        { [.. Following, Done], new Adopt("p1", "p2", Noon), Refusal.NotOwner },
        { [.. Dispatching, Followed], new DispatchAgain("p1", "sha256:a1", "p2", "call", Noon), Refusal.AlreadyDispatched },
        { [.. Dispatching, Followed], new Defer("p1", "away", One, Noon), Refusal.NotOwner },
        { Following, new Cancel(Agent, null, "mcp", Noon), Refusal.AlreadyDispatched },
        { Following, new AnswerTask(Alice, "{}", Noon), Refusal.NotEligible },
        { [.. Dispatching, Followed], new AnswerTask(Agent, "{}", Noon), Refusal.NotApproved },
        { [.. Following, Done], new AnswerTask(Agent, "{}", Noon), Refusal.Finished },
        { [.. Pending(ByTwo), AliceYes], Run, Refusal.NotApproved },
        { [.. Pending(), AliceNo], Run, Refusal.NotApproved },
        { Approved, Run with { CallHash = "sha256:b2" }, Refusal.CallChanged },
        { Approved, Run with { At = One }, Refusal.Expired },
        { Dispatching, Run, Refusal.NotApproved },
        { [.. Dispatching, Lost], Run, Refusal.NotApproved },
        { [.. Dispatching, Done], Run, Refusal.NotApproved },
        { Dispatching, new DispatchAgain("p2", "sha256:a1", "p3", "call", Noon), Refusal.NotOwner },
        { Dispatching, new DispatchAgain("p1", "sha256:b2", "p2", "call", Noon), Refusal.CallChanged },
        { [.. Approved, Sent with { Attempt = 3 }], new DispatchAgain("p1", "sha256:a1", "p2", "call", Noon), Refusal.TooManyAttempts },
        { [.. Dispatching, Lost], new DispatchAgain("p1", "sha256:a1", "p2", "call", Noon), Refusal.NotApproved },
        { Dispatching, new Defer("p2", "away", One, Noon), Refusal.NotOwner },
        { [Asked, Ok, Sent], new Defer("p1", "away", One, Noon), Refusal.NotOwner },
        { Dispatching, Reply with { Process = "p2" }, Refusal.NotOwner },
        { [.. Dispatching, Done], Reply, Refusal.NotOwner },
        { Dispatching, new Lose("p2", "gone", Noon), Refusal.NotOwner },

        { [.. Dispatching, Lost], new Resolve(Agent, "succeeded", "sure", "mcp", Noon), Refusal.NotEligible },
        { [.. Dispatching, Lost], new Resolve(Operator, "succeeded", "", "cli", Noon), Refusal.CommentRequired },
        { Dispatching, new Resolve(Operator, "succeeded", "sure", "cli", Noon), Refusal.NotUnknown },
        { [.. Dispatching, Lost, Found], new Resolve(Operator, "failed", "no", "cli", Noon), Refusal.AlreadyDecided },

        { Waiting, GiveA with { By = Alice }, Refusal.NotEligible },
        { Waiting, GiveA with { By = Operator }, Refusal.NotEligible },
        { [.. Waiting, GotA, GotB], GiveBoth, Refusal.AlreadyDecided },
        { [.. Waiting, Cancelled], GiveBoth, Refusal.NotAsked },
        { [.. Dispatching, Done], GiveA, Refusal.NotAsked },
        // Whoever does not have it as a task brings the answers with a new call.
        { [.. Dispatching, Done with { InputRequired = true }], GiveA, Refusal.NotAsked },
        { [.. Dispatching, Done with { InputRequired = true }], new Cancel(Agent, null, "mcp", Noon), Refusal.Finished },
        { Dispatching, GiveA, Refusal.NotAsked },
        { Pending(), GiveA, Refusal.NotAsked },
        { [.. Waiting, GotA, GotB], new Cancel(Agent, null, "mcp", Noon), Refusal.Finished },
        { Waiting, new Cancel(Alice, null, "mcp", Noon), Refusal.NotEligible },
        { [.. Waiting, Cancelled], new Cancel(Operator, null, "cli", Noon), Refusal.Cancelled },
    };

    [Theory, MemberData(nameof(Recorded))]
    public void Decide_WhenAllowed_RecordsWhatHappened(CallEvent[] history, CallCommand command, CallEvent[] expected) =>
        Assert.Equal(expected, Decide(history, command) is { Refusal: null } outcome ? outcome.Events : null);

    [Theory, MemberData(nameof(Recorded))]
    public void Evolve_OfWhatWasRecorded_IsAlwaysReadable(CallEvent[] history, CallCommand command, CallEvent[] expected) =>
        Assert.IsAssignableFrom<CallState.Known>(Call.Replay([.. history, .. Decide(history, command).Events, .. expected[..0]]));

    [Theory, MemberData(nameof(Refused))]
    public void Decide_WhenRefused_NamesTheReason(CallEvent[] history, CallCommand command, Refusal expected) =>
        Assert.Equal(expected, Decide(history, command).Refusal);
}
