using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using static McpGovern.Tests.Doors.Histories;

namespace McpGovern.Tests.Doors;

/// <summary>Several decisions in one message: each by itself, with its own answer, in order.</summary>
[Collection("doors")]
public sealed class BatchTests(DoorHouse house)
{
    private const string Path = "/api/v1/decisions";

    public static TheoryData<string> Ways => ["rest", "cli", "cli --server"];

    [Theory, MemberData(nameof(Ways))]
    public async Task Batch_OfAllKinds_AnswersEachInOrder_AndRecordsWhatItSays(string way)
    {
        var (mine, stale, decided, own, refused) = (await house.StoreAsync([Asked, Parked]), await house.StoreAsync([Asked, Parked]),
            await house.StoreAsync([Asked, Parked, BobNo]), await house.StoreAsync([ByAlice, Parked]), await house.StoreAsync([Asked, Parked]));
        var blind = await house.StoreAsync([Asked, Parked]);

        var (sign, answers) = await SendAsync(way,
            One(mine), One(stale, hash: "sha256:another"), One(decided), One(own), One(TestCalls.NewId()),
            One(blind, hash: null), One(refused, "rejected"), One(mine), One(blind, "all"));

        Assert.Equal(way == "rest" ? 200 : 3, sign);
        Assert.Equal(
            ["recorded 200", "stale_view 409", "already_decided 409", "self_approval 403", "not_found 404", "bad_request 400", "recorded 200", "already_recorded 200", "bad_request 400"],
            answers.Select(a => $"{(string?)a!["answer"]} {(int)a["http_status"]!}"));
        Assert.Contains("expected_hash is missing", (string?)answers[5]!["detail"], StringComparison.Ordinal);
        Assert.Equal((mine, "approved", "alice"), ((string?)answers[0]!["call_id"], (string?)answers[0]!["status"], (string?)answers[0]!["decision"]!["by"]));
        Assert.Equal(("approved", Hash, "looked"), await RecordedAsync(mine));
        Assert.Equal(("rejected", Hash, "looked"), await RecordedAsync(refused));
        foreach (var untouched in new[] { stale, own, blind })
        {
            Assert.Equal(2, (await house.EventsAsync(untouched)).Count);
        }
    }

    [Fact]
    public async Task Batch_AllAccepted_EndsWithZero() =>
        Assert.Equal(0, (await SendAsync("cli", One(await house.StoreAsync([Asked, Parked])), One(await house.StoreAsync([Asked, Parked])))).Sign);

    public static TheoryData<string> Malformed => ["{}", """{"decisions":"all"}""", """{"decisions":[]}""", """{"decisions":["call_1"]}""", """{"all":true}"""];

    [Theory, MemberData(nameof(Malformed))]
    public async Task Batch_ThatIsNone_IsABadRequest(string body) => Assert.Equal("bad_request", (await Door.PostAsync(house, Path, "alice", body)).Word);

    [Fact]
    public async Task Batch_OfMoreThanAHundred_DecidesNothing()
    {
        var call = await house.StoreAsync([Asked, Parked]);
        var answer = await Door.PostAsync(house, Path, "alice", Body([.. Enumerable.Repeat(One(call), 101)]));
        Assert.Equal(("bad_request", "decisions has 101 entries; send 1 to 100"), (answer.Word, answer.Text));
        Assert.Equal(2, (await house.EventsAsync(call)).Count);

        var most = await Door.PostAsync(house, Path, "alice", Body([.. Enumerable.Repeat(One(call), 100)]));
        Assert.Equal(100, most.Members["decisions"]!.AsArray().Count);
    }

    [Fact]
    public async Task Batch_OverMcp_IsNotOffered()
    {
        var tools = await house.Mcp.ListToolsAsync();
        Assert.DoesNotContain(tools, tool => tool.JsonSchema.GetRawText().Contains("decisions", StringComparison.Ordinal));
    }

    private async Task<(int Sign, JsonArray Answers)> SendAsync(string way, params object[] decisions)
    {
        if (way == "rest")
        {
            var answer = await Door.PostAsync(house, Path, "alice", Body(decisions));
            return (int.Parse(answer.Sign["HTTP ".Length..], null), answer.Members["decisions"]!.AsArray());
        }

        string[] server = way == "cli" ? [] : ["--server", house.Address.ToString()];
        var end = await GovernProcess.RunToEndAsync("decide", house.Settings, ["-", "--json", .. server],
            new Dictionary<string, string?> { ["MCPGOVERN_KEY"] = DoorHouse.KeyOf("alice") }, Body(decisions));
        Assert.True(end.Output.StartsWith('{'), end.ToString());
        return (end.ExitCode, JsonNode.Parse(end.Output)!["decisions"]!.AsArray());
    }

    private static string Body(object[] decisions) => JsonSerializer.Serialize(new { decisions });

    private static object One(string callId, string decision = "approved", string? hash = Hash) =>
        new { call_id = callId, decision, expected_hash = hash, comment = "looked" };

    private async Task<(string, string?, string?)> RecordedAsync(string callId)
    {
        var recorded = Assert.IsType<ApprovalReceived>((await house.EventsAsync(callId))[^1]);
        return (recorded.Decision, recorded.SeenHash, recorded.Comment);
    }
}
