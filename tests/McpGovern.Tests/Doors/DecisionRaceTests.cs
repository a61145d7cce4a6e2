using McpGovern.Calls;
using McpGovern.Tests.Storage;
using static McpGovern.Tests.Doors.Histories;

namespace McpGovern.Tests.Doors;

/// <summary>Fifty deciders at once, over every kind of door and from several processes: one is recorded, and the others are told which.</summary>
[Collection("doors")]
public sealed class DecisionRaceTests(DoorHouse house)
{
    [Fact]
    public async Task Decide_ByFiftyAtOnceOnSqlite_RecordsOne() => await RaceAsync(house);

    [Fact]
    public async Task Decide_ByFiftyAtOnceForAQuorumOnSqlite_RecordsThatMany() => await QuorumAsync(house);

    [SkippableFact]
    public async Task Decide_ByFiftyAtOnceOnPostgres_RecordsOneOrTheQuorum()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        using var own = new DoorHouse();
        try
        {
            await own.OpenAsync(database);
            await RaceAsync(own);
            await QuorumAsync(own);
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    private static async Task RaceAsync(DoorHouse house)
    {
        var callId = await house.StoreAsync([Asked, Parked]);
        var asks = Crowd().Select((from, n) => (from.Door, Ask: (n % 2 == 0 ? Ask.Approve : Ask.Reject) with { By = from.By })).ToArray();
        Assert.Equal(50, asks.Length);
        var answers = await Task.WhenAll(asks.Select(ask => ask.Door.DecideAsync(house, callId, ask.Ask)));

        var decision = Assert.IsType<ApprovalReceived>(Assert.Single((await house.EventsAsync(callId)).Skip(2)));
        var recorded = Assert.Single(answers.Zip(asks), both => both.First.Word == "recorded");
        Assert.Equal((decision.Decider, decision.Decision), (recorded.Second.Ask.By, recorded.Second.Ask.Decision));
        foreach (var (answer, (door, ask)) in answers.Zip(asks).Where(both => both.First.Word != "recorded"))
        {
            var same = ask.By == decision.Decider && ask.Decision == decision.Decision;
            Assert.Equal($"{door} {(same ? "already_recorded" : "already_decided")}", $"{door} {answer.Word}");
            Assert.Equal((decision.Decider, decision.Decision), ((string?)answer.Members["decision"]!["by"], (string?)answer.Members["decision"]!["decision"]));
        }
    }

    private static async Task QuorumAsync(DoorHouse house)
    {
        var callId = await house.StoreAsync([Asked, Parked with { Quorum = 3 }]);
        var answers = await Task.WhenAll(DoorHouse.Crowd.Select(by => Door.Rest.DecideAsync(house, callId, Ask.Approve with { By = by })));

        var decisions = (await house.EventsAsync(callId)).OfType<ApprovalReceived>().ToArray();
        Assert.Equal(3, decisions.Select(d => d.Decider).Distinct().Count());
        Assert.Equal(3, decisions.Length);
        Assert.Equal(3, answers.Count(answer => answer.Word == "recorded"));
        Assert.Equal(["approved", "pending", "pending"], answers.Where(a => a.Word == "recorded").Select(a => (string?)a.Members["status"]).Order());
        Assert.All(answers.Where(a => a.Word != "recorded"), answer => Assert.Equal("already_decided", answer.Word));
    }

    // Alice comes in by four doors at once; she may say the same thing twice, and the other thing too.
    private static IEnumerable<(Door Door, string By)> Crowd() =>
    [
        .. DoorHouse.Crowd.Select((by, n) => (n % 4 == 0 ? Door.JamJet : Door.Rest, by)),
        .. Enumerable.Repeat((Door.Mcp, "alice"), 6),
        .. Enumerable.Repeat((Door.Cli, "alice"), 2),
        .. Enumerable.Repeat((Door.CliServer, "alice"), 2),
    ];
}
