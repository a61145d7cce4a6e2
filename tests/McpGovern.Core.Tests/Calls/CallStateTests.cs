using McpGovern.Calls;
using static McpGovern.Tests.Calls.CallSamples;

namespace McpGovern.Tests.Calls;

public sealed class CallStateTests
{
    public static TheoryData<CallEvent[], string> Statuses => new()
    {
        { [Asked, No], "denied" },
        { [Asked, Ok], "allowed" },
        { [Asked, Ok, Sent], "dispatching" },
        { [Asked, Ok, Broke], "failed" },
        { Pending(), "pending" },
        { [.. Pending(ByTwo), AliceYes], "pending" },
        { [.. Pending(ByTwo), AliceYes, CarolYes], "approved" },
        { [.. Pending(ByTwo), AliceYes, AliceYes], "pending" },
        { [.. Pending(ByTwo), AliceYes, CarolNo], "rejected" },
        { Approved, "approved" },
        { [.. Approved, Deferred], "approved" },
        { [.. Dispatching, Deferred], "approved" },
        { [.. Pending(), Expired], "expired" },
        { [.. Approved, Expired], "expired" },
        { [.. Approved, Cancelled], "cancelled" },
        { [.. Pending(), Invalidated], "invalidated" },
        { Dispatching, "dispatching" },
        { Following, "dispatching" },
        { [.. Following, Followed with { Process = "p2" }, Told], "dispatching" },
        { [.. Following, Done], "succeeded" },
        { [.. Following, Broke with { Cancelled = true }], "failed" },
        { [.. Dispatching, Followed, Lost], "outcome_unknown" },
        { [.. Dispatching, Done, Delivered], "succeeded" },
        { [.. Dispatching, Broke], "failed" },
        { [.. Dispatching, Lost], "outcome_unknown" },
        { [.. Dispatching, Lost, Found], "resolved" },
        { [.. Dispatching, Lost, Late], "resolved" },
        { [.. Dispatching, Lost, Found, Late], "resolved" },
        { [.. Waiting, GotA], "succeeded" },
        { [.. Waiting, GotA, GotB, Delivered], "succeeded" },
        { [.. Waiting, GotA, Cancelled], "cancelled" },
    };

    // A history that cannot be read must never open a gate.
    public static TheoryData<CallEvent[]> Impossible => new()
    {
        { [AliceYes] },
        { [Asked, AliceYes] },
        { [Asked, Sent] },
        { [Asked, No, Sent] },
        { [Asked, Asked] },
        { [.. Pending(), Sent] },
        { [.. Pending(), AliceYes with { Decision = "Approved" }] },
        { [.. Pending(), AliceNo, Sent] },
        { [.. Pending(), AliceNo, AliceYes] },
        { [.. Pending(), Expired, AliceYes] },
        { [.. Approved, Cancelled, Sent] },
        { [.. Approved, Invalidated, Sent] },
        { [.. Dispatching, Done, Sent] },
        { [.. Dispatching, Lost, Sent] },
        { [.. Dispatching, Done, Done] },
        { [.. Dispatching, Lost, Late, Late] },
        { [Asked, Ok, Sent, Deferred] },
        { [.. Dispatching, Done, GotA] },
        { [.. Waiting, GotA with { Responses = "[]" }] },
        { [.. Waiting, GotA with { Responses = """{"a":1,"a":2}""" }] },
        { [.. Waiting, GotA, GotB, GotA] },
        { [.. Waiting, GotA, GotB, Cancelled] },
        { [.. Waiting, Cancelled, GotA] },
        { [Asked, Ok, Followed] },
        { [Asked, Ok, Sent, Told] },
        { [.. Following, Sent] },
        { [.. Following, Followed with { TaskId = "task-2" }] },
        { [.. Following, Done, Followed] },
        { [.. Dispatching, Followed, Deferred] },
    };

    [Theory, MemberData(nameof(Statuses))]
    public void StatusOf_AHistory_IsTheWordForIt(CallEvent[] history, string expected) => Assert.Equal(expected, CallStatus.Of(Call.Replay(history)));

    [Theory, MemberData(nameof(Impossible))]
    public void Replay_OfAnImpossibleHistory_Throws(CallEvent[] history) => Assert.Throws<InvalidDataException>(() => Call.Replay(history));

    [Theory, MemberData(nameof(Statuses))]
    public void View_OfAHistory_HasItsStatusAndVersion(CallEvent[] history, string expected)
    {
        var view = CallView.From("call_1", history);

        Assert.Equal((expected, history.Length), (view.Status, (int)view.Version));
        Assert.Equal(history.OfType<ApprovalReceived>().Count(), view.Decisions.Count);
    }

    [Fact]
    public void Row_OfADispatchingCall_IsOpenAndNamesItsProcess()
    {
        var row = CallRow.From("call_1", 4, Call.Replay(Dispatching));

        Assert.Equal(("p1", "attach", true), (row.Process, row.AttachKey, row.Open));
    }

    /// <summary>Nobody looks for a process in a call that waits for a decision alone.</summary>
    [Fact]
    public void Row_OfAParkedCall_NamesTheProcessOfTheSessionThatItIsTiedTo()
    {
        var tied = Asked with { UpstreamSession = new("p1", "c1") };

        Assert.Equal("p1", CallRow.From("call_1", 2, Call.Replay([tied, Parked])).Process);
        Assert.Null(CallRow.From("call_1", 2, Call.Replay([Asked, Parked])).Process);
    }

    [Fact]
    public void Row_OfATaskOfTheUpstream_NamesTheProcessThatFollowsIt() =>
        Assert.Equal("p2", CallRow.From("call_1", 5, Call.Replay([.. Following, Followed with { Process = "p2" }])).Process);

    [Fact]
    public void Row_OfAnAllowedCall_HasNoAttachKey() => Assert.Null(CallRow.From("call_1", 3, Call.Replay([Asked, Ok, Sent])).AttachKey);
}
