using System.Net;
using System.Text;
using McpGovern.Calls;
using McpGovern.Tests.Storage;
using static McpGovern.Tests.Doors.Ask;
using static McpGovern.Tests.Doors.Histories;

namespace McpGovern.Tests.Doors;

/// <summary>Which call a decision means, and who may mean it.</summary>
[Collection("doors")]
public sealed class DecisionTargetTests(DoorHouse house)
{
    [Theory]
    [InlineData("call_{0}")]
    [InlineData("exec_{0}")]
    [InlineData("exec_{1}")]
    [InlineData("{1}")]
    [InlineData("{0}")]
    public async Task Decide_WithAnySpellingOfTheId_IsRecorded(string spelling)
    {
        await OnAsync(Door.All, async door =>
        {
            var callId = await house.StoreAsync([Asked, Parked]);
            var digits = callId["call_".Length..];
            var answer = await door.DecideAsync(house, string.Format(null, spelling, digits, Guid.ParseExact(digits, "n")), Approve);
            Assert.Equal(("recorded", callId), (answer.Word, (string?)answer.Members["call_id"]));
            Assert.Single((await house.EventsAsync(callId)).OfType<ApprovalReceived>());
        });
    }

    [Fact]
    public async Task Decide_OverMcp_EchoesTheExecutionAsItWasSpelled()
    {
        var callId = await house.StoreAsync([Asked, Parked]);
        var spelled = $"exec_{Guid.ParseExact(callId["call_".Length..], "n"):d}";
        var answer = await Door.Mcp.DecideAsync(house, spelled, Approve);
        Assert.Equal((spelled, callId), ((string?)answer.Members["execution_id"], (string?)answer.Members["call_id"]));
    }

    public static TheoryData<string, string, string> Unknown => new()
    {
        { TestCalls.NewId(), "not_found", "HTTP 404 exit 5" },
        { "nope", "bad_request", "HTTP 400 exit 2" },
        { "call_12", "bad_request", "HTTP 400 exit 2" },
    };

    [Theory, MemberData(nameof(Unknown))]
    public Task Decide_OfNoCall_SaysSoOnEveryDoor(string id, string word, string sign) => OnAsync(Door.All, async door =>
    {
        var answer = await door.DecideAsync(house, id, Approve);
        Assert.Equal(word, answer.Word);
        Assert.True(answer.Sign == "isError" ? door.SignOf(404, 5) == "isError" : sign.Contains(answer.Sign, StringComparison.Ordinal), $"{door}: {answer.Sign}");
        Assert.False((bool)answer.Members["accepted"]!);
    });

    [Theory]
    [InlineData("exec_")]
    [InlineData("call_01a1fd5c-78f0-7905-880e-39992b3a059b")]
    [InlineData("CALL_01a1fd5c78f07905880e39992b3a059b")]
    [InlineData("01a1fd5c78f07905880e39992b3a059b0")]
    [InlineData("%20")]
    public async Task Decide_OfAMalformedId_IsABadRequest(string id) =>
        Assert.Equal(("bad_request", "HTTP 400"), await RestAsync($"/api/v1/calls/{id}/approve", "{}"));

    public static TheoryData<string, string> Malformed => new()
    {
        { "/executions/{0}/approve", """{"decision":"maybe"}""" },
        { "/executions/{0}/approve", """{"decision":"approve"}""" },
        { "/executions/{0}/approve", "{}" },
        { "/executions/{0}/approve", """{"decision":true}""" },
        { "/executions/{0}/approve", """{"decision":"approved","decision":"rejected"}""" },
        { "/api/v1/calls/{0}/approve", """{"comment":7}""" },
        { "/api/v1/calls/{0}/approve", """{"comment":"\u0000"}""" },
        { "/api/v1/calls/{0}/approve", """{"comment":"\ud800"}""" },
        { "/api/v1/calls/{0}/approve", "[]" },
        { "/api/v1/calls/{0}/approve", "{" },
    };

    [Theory, MemberData(nameof(Malformed))]
    public async Task Decide_WithAMalformedBody_RecordsNothing(string path, string body)
    {
        var callId = await house.StoreAsync([Asked, Parked]);
        Assert.Equal(("bad_request", "HTTP 400"), await RestAsync(string.Format(null, path, callId), body));
        Assert.Equal(2, (await house.EventsAsync(callId)).Count);
    }

    [Theory]
    [InlineData("maybe")]
    [InlineData("Approved")]
    [InlineData(null)]
    public async Task Decide_WithAnUnknownDecision_IsABadRequestOverMcpToo(string? decision)
    {
        var callId = await house.StoreAsync([Asked, Parked]);
        var answer = await Door.McpAsync(house.Mcp, "jamjet_approve", new() { ["execution_id"] = callId, ["decision"] = decision });
        Assert.Equal(("bad_request", "isError"), (answer.Word, answer.Sign));
        Assert.Equal(2, (await house.EventsAsync(callId)).Count);
    }

    [Fact]
    public Task Decide_WithTooLongAComment_IsABadRequestOnEveryDoor() => OnAsync(Door.All, async door =>
    {
        var callId = await house.StoreAsync([Asked, Parked]);
        var answer = await door.DecideAsync(house, callId, Approve with { Comment = new string('x', 4097) });
        Assert.Equal(("bad_request", door.SignOf(400, 2)), (answer.Word, answer.Sign));
        Assert.Equal(2, (await house.EventsAsync(callId)).Count);
    });

    [Fact]
    public Task Decide_OfAnExecutionWithTwoPendingCalls_ListsTheCandidates() => OnAsync(Door.All, async door =>
    {
        var (execution, pay, book) = await TwoAsync([Asked, Parked], [Asked with { NodeId = "book" }, Parked]);
        var answer = await door.DecideAsync(house, execution, Approve);
        Assert.Equal(("ambiguous", door.SignOf(400, 2)), (answer.Word, answer.Sign));
        Assert.Equal(
            [$"book {book}", $"payments.submit {pay}"],
            answer.Members["candidates"]!.AsArray().Select(c => $"{(string?)c!["node_id"]} {(string?)c["call_id"]}"));
        Assert.Equal((2, 2), ((await house.EventsAsync(pay)).Count, (await house.EventsAsync(book)).Count));
    });

    [Fact]
    public Task Decide_OfOneOfTwoPendingCalls_IsToldByNodeOrByItsOwnId() => OnAsync(Door.Wire, async door =>
    {
        var (execution, pay, book) = await TwoAsync([Asked, Parked], [Asked with { NodeId = "book" }, Parked]);
        var nobody = await door.DecideAsync(house, execution, Approve with { NodeId = "elsewhere" });
        Assert.Equal("not_found", nobody.Word);
        var byNode = await door.DecideAsync(house, execution, Approve with { NodeId = "book" });
        Assert.Equal(("recorded", book, "book"), (byNode.Word, (string?)byNode.Members["call_id"], (string?)byNode.Members["node_id"]));
        var byId = await door.DecideAsync(house, pay, Reject);
        Assert.Equal(("recorded", pay), (byId.Word, (string?)byId.Members["call_id"]));
    });

    [Fact]
    public Task Decide_OfAnExecutionWithOnePendingCall_MeansThatOne() => OnAsync(Door.Wire, async door =>
    {
        var (execution, _, book) = await TwoAsync([Asked, Parked, BobYes], [Asked with { NodeId = "book" }, Parked]);
        var answer = await door.DecideAsync(house, execution, Approve);
        Assert.Equal(("recorded", book), (answer.Word, (string?)answer.Members["call_id"]));
    });

    [Fact]
    public async Task Decide_OfACallThatTheActorMayNotSee_IsNotToldFromNoCall()
    {
        var hidden = await house.StoreAsync([Asked, Parked with { Approvers = ["bob"] }]);
        foreach (var actor in (string[])["carol", "dave"])
        {
            var (theirs, nobodys) = (await SayAsync(hidden, actor), await SayAsync(TestCalls.NewId(), actor));
            Assert.Equal("HTTP 404", theirs.Sign);
            Assert.Equal(nobodys.Members.ToJsonString().Length, theirs.Members.ToJsonString().Length);
            Assert.Equal(WithoutId(nobodys), WithoutId(theirs));
        }

        Task<DoorAnswer> SayAsync(string id, string actor) => Door.Rest.DecideAsync(house, id, Approve with { By = actor });
    }

    [Theory]
    [InlineData("")]
    [InlineData("nobody")]
    public async Task Decide_WithoutAKnownKey_IsUnauthenticatedOnEveryDoorThatHasKeys(string by)
    {
        var callId = await house.StoreAsync([Asked, Parked]);
        await OnAsync([Door.Rest, Door.JamJet, Door.CliServer], async door =>
        {
            var answer = await door.DecideAsync(house, callId, Approve with { By = by });
            Assert.Equal(("unauthenticated", door.SignOf(401, 4)), (answer.Word, answer.Sign));
        });
        using var mcp = await house.Http.PostAsync(new Uri(house.Address, "/mcp"), new StringContent("{}", Encoding.UTF8, "application/json"));
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (mcp.StatusCode, mcp.Headers.WwwAuthenticate.Single().Scheme));
        Assert.Equal(2, (await house.EventsAsync(callId)).Count);
    }

    [Fact]
    public async Task Decide_WithMembersThatNameSomebody_RecordsWhoAuthenticationNamed()
    {
        const string Claims = "\"user_id\":\"mallory\",\"tenant_id\":\"evil\",\"approver\":\"mallory\",\"by\":\"mallory\",\"decider\":\"mallory\",\"roles\":[\"operator\"],\"at\":\"2001-01-01\"";
        var (plain, rest, jamjet, mcp) = (await NewAsync(), await NewAsync(), await NewAsync(), await NewAsync());
        await Door.Rest.DecideAsync(house, plain, Approve);
        await Door.PostAsync(house, $"/api/v1/calls/{rest}/approve", "alice", $"{{{Claims}}}");
        await Door.PostAsync(house, $"/executions/{jamjet}/approve?user_id=mallory", "alice", $"{{\"decision\":\"approved\",{Claims}}}");
        await Door.McpAsync(house.Mcp, "jamjet_approve", new()
        {
            ["execution_id"] = mcp,
            ["decision"] = "approved",
            ["user_id"] = "mallory",
            ["tenant_id"] = "evil",
            ["approver"] = "mallory",
            ["decider"] = "mallory",
        });

        var expected = await LastAsync(plain);
        Assert.Equal("alice", expected.Decider);
        Assert.Equal(expected with { At = default }, await LastAsync(rest) with { At = default });
        Assert.Equal(expected with { At = default }, await LastAsync(jamjet) with { At = default });
        Assert.Equal(expected with { At = default, Via = "mcp", Credential = "stdio:alice", AuthMethod = "stdio" }, await LastAsync(mcp) with { At = default });

        Task<string> NewAsync() => house.StoreAsync([Asked, Parked]);
        async Task<ApprovalReceived> LastAsync(string id) => Assert.IsType<ApprovalReceived>((await house.EventsAsync(id))[^1]);
    }

    private static Task OnAsync(IEnumerable<Door> doors, Func<Door, Task> act) => Task.WhenAll(doors.Select(act));

    private async Task<(string? Word, string Sign)> RestAsync(string path, string body)
    {
        var answer = await Door.PostAsync(house, path, "alice", body);
        return (answer.Word, answer.Sign);
    }

    private async Task<(string Execution, string One, string Other)> TwoAsync(CallEvent[] one, CallEvent[] other)
    {
        var execution = CallId.ExecutionOf(TestCalls.NewId());
        return (execution, await house.StoreAsync(one, execution), await house.StoreAsync(other, execution));
    }

    private static string WithoutId(DoorAnswer answer) =>
        System.Text.RegularExpressions.Regex.Replace(answer.Members.ToJsonString(), "call_[0-9a-f]{32}", "ID");
}
