using McpGovern.Calls;
using static McpGovern.Tests.Doors.Histories;

namespace McpGovern.Tests.Doors;

/// <summary>Saying what became of a call that nobody knows of: a person's word, kept beside what the call's own process may still report.</summary>
[Collection("doors")]
public sealed class ResolveTests(DoorHouse house)
{
    private const string Comment = "the bank shows it";
    private static readonly CallEvent[] Unknown = [Asked, Parked, BobYes, Sent, Lost];
    private static readonly CallEvent Found = new OutcomeResolved("alice", "succeeded", Comment, "rest", Ago);

    public static TheoryData<string, CallEvent[], string, string, string, int, int> Rows => new()
    {
        { "an unknown outcome", Unknown, "succeeded", Comment, "recorded", 200, 0 },
        { "the other outcome", Unknown, "failed", Comment, "recorded", 200, 0 },
        { "resolved so by me", [.. Unknown, Found], "succeeded", Comment, "already_recorded", 200, 0 },
        { "resolved the other way", [.. Unknown, Found], "failed", Comment, "already_decided", 409, 3 },
        { "without a comment", Unknown, "succeeded", " ", "bad_request", 400, 2 },
        { "no such outcome", Unknown, "done", Comment, "bad_request", 400, 2 },
        { "known already", [Asked, Parked, BobYes, Sent, Done], "failed", Comment, "finished", 409, 3 },
        { "pending", [Asked, Parked], "failed", Comment, "finished", 409, 3 },
    };

    [Theory, MemberData(nameof(Rows))]
    public async Task Resolve_OnEveryDoor_AnswersAndRecordsTheSame(string when, CallEvent[] history, string outcome, string comment, string word, int http, int exit)
    {
        ArgumentNullException.ThrowIfNull(history);
        var byRest = await house.StoreAsync(history);
        var byCli = await house.StoreAsync(history);

        var rest = await Door.PostAsync(house, $"/api/v1/calls/{byRest}/resolve", "alice", $$"""{"outcome":"{{outcome}}","comment":"{{comment}}"}""");
        var cli = await Door.CliAsync(house, "resolve", [byCli, "--outcome", outcome, "--comment", comment], "alice");

        Assert.Equal($"{when}: {word} HTTP {http}", $"{when}: {rest.Word} {rest.Sign}");
        Assert.Equal($"{when}: {word} exit {exit}", $"{when}: {cli.Word} {cli.Sign}");
        foreach (var callId in (string[])[byRest, byCli])
        {
            var added = (await house.EventsAsync(callId)).Skip(history.Length).OfType<OutcomeResolved>().Select(e => (e.By, e.Outcome, e.Comment)).ToArray();
            Assert.Equal(word == "recorded" ? [("alice", outcome, Comment)] : [], added);
        }
    }

    [Theory]
    [InlineData("carol", "not_found", "HTTP 404")]
    [InlineData("", "unauthenticated", "HTTP 401")]
    public async Task Resolve_ByAnybodyElse_RecordsNothing(string actor, string word, string sign)
    {
        var callId = await house.StoreAsync(Unknown);

        var answer = await Door.PostAsync(house, $"/api/v1/calls/{callId}/resolve", actor, $$"""{"outcome":"succeeded","comment":"{{Comment}}"}""");

        Assert.Equal((word, sign), (answer.Word, answer.Sign));
        Assert.Equal(Unknown.Length, (await house.EventsAsync(callId)).Count);
    }

    [Fact]
    public async Task Resolve_WithABodyThatIsWrong_DecidesNothing()
    {
        var callId = await house.StoreAsync(Unknown);

        var answer = await Door.PostAsync(house, $"/api/v1/calls/{callId}/resolve", "alice", """{"outcome":"succeeded","comment":7}""");

        Assert.Equal(("bad_request", "HTTP 400"), (answer.Word, answer.Sign));
        Assert.Equal(Unknown.Length, (await house.EventsAsync(callId)).Count);
    }
}
