using McpGovern.Calls;
using static McpGovern.Tests.Doors.Histories;

namespace McpGovern.Tests.Doors;

/// <summary>Withdrawing a call: the requester's or an operator's, and too late once it was sent.</summary>
[Collection("doors")]
public sealed class CancelTableTests(DoorHouse house)
{
    private static readonly CallEvent Withdrawn = new CallCancelled("alice", "no longer needed", "mcp", Ago);

    public static TheoryData<string, CallEvent[], string, int, int> Rows => new()
    {
        { "by its requester", [ByAlice, Parked], "recorded", 200, 0 },
        { "by an operator", [Asked, Parked], "recorded", 200, 0 },
        { "approved, not sent", [ByAlice, Parked, BobYes], "recorded", 200, 0 },
        { "withdrawn by me", [ByAlice, Parked, Withdrawn], "already_recorded", 200, 0 },
        { "withdrawn by another", [ByAlice, Parked, Cancelled], "cancelled", 409, 3 },
        { "sent", [ByAlice, Parked, BobYes, Sent], "already_dispatched", 409, 3 },
        { "rejected", [ByAlice, Parked, BobNo], "already_decided", 409, 3 },
        { "expired", [ByAlice, Parked, Expired], "expired", 409, 3 },
        { "past due", [ByAlice, PastDue], "expired", 409, 3 },
        { "invalidated", [ByAlice, Parked, Invalidated], "invalidated", 409, 3 },
        { "done", [ByAlice, Parked, BobYes, Sent, Done], "finished", 409, 3 },
        { "unknown outcome", [ByAlice, Parked, BobYes, Sent, Lost], "finished", 409, 3 },
    };

    [Theory, MemberData(nameof(Rows))]
    public async Task Cancel_OnEveryDoor_AnswersAndRecordsTheSame(string when, CallEvent[] history, string word, int http, int exit)
    {
        ArgumentNullException.ThrowIfNull(history);
        var onEvery = await Task.WhenAll(((Door[])[Door.Mcp, Door.Rest, Door.Cli, Door.CliServer]).Select(async door =>
        {
            var callId = await house.StoreAsync(history);
            var answer = await door.CancelAsync(house, callId, "no longer needed");
            Assert.Equal($"{when}, {door}: {word}, {door.SignOf(http, exit)}", $"{when}, {door}: {answer.Word}, {answer.Sign}");
            var added = (await house.EventsAsync(callId)).Skip(history.Length).OfType<CallCancelled>().Select(e => (e.By, e.Reason)).ToArray();
            Assert.Equal(word == "recorded" ? [("alice", "no longer needed")] : [], added);
            return word == "expired" ? "" : answer.Comparable(callId);
        }));
        Assert.Single(onEvery.Distinct());
    }

    [Theory]
    [InlineData("dave", "not_eligible", "HTTP 403")]
    [InlineData("carol", "not_found", "HTTP 404")]
    public async Task Cancel_ByAnybodyElse_RecordsNothing(string actor, string word, string sign)
    {
        var callId = await house.StoreAsync([Asked, Parked]);
        var answer = await Door.PostAsync(house, $"/api/v1/calls/{callId}/cancel", actor, "{}");
        Assert.Equal((word, sign), (answer.Word, answer.Sign));
        Assert.Equal(2, (await house.EventsAsync(callId)).Count);
    }
}
