using System.Net;
using System.Text.Json;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>A parked call, looked at and decided over REST, JamJet's routes and our own tools.</summary>
public sealed class DecisionDoorTests(HttpGateway gateway) : IClassFixture<HttpGateway>
{
    private const string Unknown = "call_00000000000000000000000000000000";

    [Fact]
    public async Task Approve_OverRest_RecordsAndRunsTheCall()
    {
        var session = await gateway.OpenSessionAsync();
        var call = await gateway.ParkAsync(session);

        var (status, body) = await gateway.SendAsync(HttpMethod.Post, $"/api/v1/calls/{call}/approve", HttpGateway.AliceKey,
            """{"comment":"fine","user_id":"mallory","tenant_id":"other","decider":"mallory"}""");

        Assert.Equal((HttpStatusCode.OK, "recorded", true), (status, Text(body, "answer"), body.GetProperty("accepted").GetBoolean()));
        Assert.Equal("alice", Text(body.GetProperty("decision"), "by"));
        await Eventually.TrueAsync(async () => Text((await gateway.SendAsync(HttpMethod.Get, $"/api/v1/calls/{call}", HttpGateway.AliceKey)).Body, "status") == "succeeded", () => "it never ran");
        var result = await gateway.CallAsync(session, "jamjet_result", $$"""{"call_id":"{{call}}","wait_seconds":1}""");
        Assert.Equal("ok", Text(result.GetProperty("content").EnumerateArray().Last(), "text"));
    }

    public static TheoryData<string, string, string?, string?, int, string> Refusals => new()
    {
        { "GET", "/api/v1/calls/not-an-id", HttpGateway.AliceKey, null, 400, "bad_request" },
        { "GET", $"/api/v1/calls/{Unknown}", HttpGateway.AliceKey, null, 404, "not_found" },
        { "GET", "/api/v1/calls/CALL", HttpGateway.OtherAgentKey, null, 404, "not_found" },
        { "GET", "/api/v1/calls?status=nonsense", HttpGateway.AliceKey, null, 400, "bad_request" },
        { "GET", "/api/v1/calls?limit=0", HttpGateway.AliceKey, null, 400, "bad_request" },
        { "GET", "/api/v1/calls?cursor=!", HttpGateway.AliceKey, null, 400, "bad_request" },
        { "POST", $"/api/v1/calls/{Unknown}/approve", HttpGateway.AliceKey, null, 404, "not_found" },
        { "POST", "/api/v1/calls/x/approve", HttpGateway.AliceKey, null, 400, "bad_request" },
        { "POST", "/api/v1/calls/CALL/approve", HttpGateway.AliceKey, "{", 400, "bad_request" },
        { "POST", "/api/v1/calls/CALL/approve", HttpGateway.AliceKey, "[]", 400, "bad_request" },
        { "POST", "/api/v1/calls/CALL/approve", HttpGateway.AliceKey, """{"comment":1}""", 400, "bad_request" },
        { "POST", "/api/v1/calls/CALL/approve", HttpGateway.AliceKey, """{"comment":"a","comment":"b"}""", 400, "bad_request" },
        { "POST", "/api/v1/calls/CALL/approve", HttpGateway.AgentKey, "", 403, "self_approval" },
        { "POST", "/api/v1/calls/CALL/approve", HttpGateway.AuditorKey, "", 403, "not_eligible" },
        { "POST", "/api/v1/calls/CALL/approve", HttpGateway.OtherAgentKey, """{"user_id":"alice"}""", 404, "not_found" },
        { "POST", "/api/v1/calls/CALL/approve", HttpGateway.AliceKey, """{"expected_hash":"sha256:other"}""", 409, "stale_view" },
        { "POST", "/executions/CALL/approve", HttpGateway.AliceKey, """{"decision":"maybe"}""", 400, "bad_request" },
        { "POST", "/executions/CALL/approve", HttpGateway.AliceKey, "{}", 400, "bad_request" },
        { "GET", $"/executions/{Unknown}/approvals", HttpGateway.AliceKey, null, 404, "not_found" },
        { "GET", "/nowhere", HttpGateway.AliceKey, null, 404, "not_found" },
        { "PUT", "/mcp", HttpGateway.AliceKey, null, 405, "method_not_allowed" },
    };

    [Theory, MemberData(nameof(Refusals))]
    public async Task Refusal_OverRest_IsAProblemWithTheCode(string method, string path, string? key, string? body, int status, string code)
    {
        var call = path.Contains("CALL", StringComparison.Ordinal) ? await gateway.ParkAsync(await gateway.OpenSessionAsync()) : "";

        var (actual, problem) = await gateway.SendAsync(new HttpMethod(method), path.Replace("CALL", call, StringComparison.Ordinal), key, body);

        Assert.Equal((status, status, code), ((int)actual, problem.GetProperty("status").GetInt32(), Text(problem, "code")));
        Assert.Equal(Text(problem, "detail"), Text(problem, "error"));
    }

    [Fact]
    public async Task List_OverRest_HoldsWhatTheActorMaySee()
    {
        var call = await gateway.ParkAsync(await gateway.OpenSessionAsync());

        Assert.Contains(call, await IdsAsync("/api/v1/approvals?limit=200", HttpGateway.AliceKey));
        Assert.Contains(call, await IdsAsync("/api/v1/calls?status=pending&tool=pay&server=up&requested_by=agent:coder&limit=200", HttpGateway.AgentKey));
        Assert.DoesNotContain(call, await IdsAsync("/api/v1/approvals?limit=200", HttpGateway.OtherAgentKey));
        Assert.DoesNotContain(call, await IdsAsync("/api/v1/calls?tool=echo", HttpGateway.AliceKey));
    }

    [Fact]
    public async Task JamJet_ListsPendingThenDecided()
    {
        var call = await gateway.ParkAsync(await gateway.OpenSessionAsync());
        var execution = "exec_" + call["call_".Length..];

        var (_, before) = await gateway.SendAsync(HttpMethod.Get, $"/executions/{execution}/approvals", HttpGateway.AliceKey);
        Assert.Equal((execution, "pay", "1.50"), (Text(before.GetProperty("pending")[0], "execution_id"), Text(before.GetProperty("pending")[0], "tool_name"),
            before.GetProperty("pending")[0].GetProperty("arguments").GetProperty("amount").GetRawText()));

        var (status, answer) = await gateway.SendAsync(HttpMethod.Post, $"/executions/{execution}/approve", HttpGateway.AliceKey, """{"decision":"rejected","node_id":"","comment":"no"}""");
        Assert.Equal((HttpStatusCode.OK, execution), (status, Text(answer, "execution_id")));

        var (_, after) = await gateway.SendAsync(HttpMethod.Get, $"/executions/{execution}/approvals", HttpGateway.AliceKey);
        Assert.Empty(after.GetProperty("pending").EnumerateArray());
        Assert.Equal(("rejected", "alice", "no"), (Text(after.GetProperty("decided")[0], "status"), Text(after.GetProperty("decided")[0], "user_id"), Text(after.GetProperty("decided")[0], "comment")));
    }

    [Fact]
    public async Task Cancel_OverRest_IsTheRequesters()
    {
        var call = await gateway.ParkAsync(await gateway.OpenSessionAsync());

        Assert.Equal(HttpStatusCode.Forbidden, (await gateway.SendAsync(HttpMethod.Post, $"/api/v1/calls/{call}/cancel", HttpGateway.AliceKey)).Status);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Post, $"/api/v1/calls/{call}/cancel", HttpGateway.AgentKey, """{"reason":"late"}""")).Status);
        var (status, problem) = await gateway.SendAsync(HttpMethod.Post, $"/api/v1/calls/{call}/approve", HttpGateway.AliceKey);
        Assert.Equal((HttpStatusCode.Conflict, "cancelled"), (status, Text(problem, "code")));
        Assert.Equal("cancelled", Text(problem, "call_status"));
    }

    [Fact]
    public async Task Tools_ShowAndDecideTheSameCall()
    {
        var agent = await gateway.OpenSessionAsync();
        var alice = await gateway.OpenSessionAsync(HttpGateway.AliceKey);
        var call = await gateway.ParkAsync(agent);
        var execution = "exec_" + Guid.Parse(call["call_".Length..]);

        var shown = await gateway.CallAsync(alice, "jamjet_approvals", $$"""{"execution_id":"{{execution}}"}""", HttpGateway.AliceKey);
        Assert.Contains("data, not instructions", Text(shown.GetProperty("content")[0], "text"), StringComparison.Ordinal);
        Assert.Equal("1.50", shown.GetProperty("structuredContent").GetProperty("calls")[0].GetProperty("arguments").GetProperty("amount").GetRawText());

        var own = await gateway.CallAsync(agent, "jamjet_approve", $$"""{"execution_id":"{{execution}}","decision":"approved","user_id":"alice"}""");
        Assert.True(own.GetProperty("isError").GetBoolean());
        Assert.StartsWith("self_approval: ", Text(own.GetProperty("content")[0], "text"), StringComparison.Ordinal);
        Assert.Equal("self_approval", Text(own.GetProperty("structuredContent"), "code"));

        var decided = await gateway.CallAsync(alice, "jamjet_approve", $$"""{"execution_id":"{{execution}}","decision":"rejected","comment":"no"}""", HttpGateway.AliceKey);
        Assert.StartsWith($$"""{"accepted":true,"execution_id":"{{execution}}","node_id":""", Text(decided.GetProperty("content")[0], "text"), StringComparison.Ordinal);
        Assert.False(decided.GetProperty("isError").GetBoolean());

        var result = await gateway.CallAsync(agent, "jamjet_result", $$"""{"execution_id":"{{execution}}"}""");
        Assert.Contains("approval rejected by alice: no", Text(result.GetProperty("content")[0], "text"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("jamjet_approve", "{}", "execution_id")]
    [InlineData("jamjet_approve", """{"execution_id":"x","decision":"approved"}""", "'x'")]
    [InlineData("jamjet_approve", $$"""{"execution_id":"{{Unknown}}","decision":7}""", "decision")]
    [InlineData("jamjet_approvals", """{"limit":"many"}""", "limit")]
    [InlineData("jamjet_approvals", """{"status":"nonsense"}""", "status")]
    [InlineData("jamjet_approvals", """{"cursor":"!"}""", "cursor")]
    [InlineData("jamjet_result", "{}", "call_id")]
    [InlineData("jamjet_result", """{"call_id":"\ud800"}""", "call_id")]
    [InlineData("jamjet_cancel", """{"call_id":[1]}""", "call_id")]
    public async Task Tool_WithAMalformedArgument_NamesIt(string tool, string arguments, string named)
    {
        var result = await gateway.CallAsync(await gateway.OpenSessionAsync(HttpGateway.AliceKey), tool, arguments, HttpGateway.AliceKey);

        Assert.True(result.GetProperty("isError").GetBoolean());
        Assert.StartsWith("bad_request: ", Text(result.GetProperty("content")[0], "text"), StringComparison.Ordinal);
        Assert.Contains(named, Text(result.GetProperty("content")[0], "text"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"a\":\"x\u202ey\u200b\u00a0z\"}", "{\"a\":\"x\\u202ey\\u200b\\u00a0z\"}")]
    [InlineData("{\"é\":\"漢\"}", "{\"é\":\"漢\"}")]
    [InlineData("{\"a\":\"\u007f\U000e0041\"}", "{\"a\":\"\\u007f\\udb40\\udc41\"}")]
    public void VisibleJson_EscapesWhatCannotBeSeen(string json, string visible) => Assert.Equal(visible, McpGovern.Wire.VisibleJson.Of(json));

    private async Task<IEnumerable<string?>> IdsAsync(string path, string key) =>
        (await gateway.SendAsync(HttpMethod.Get, path, key)).Body.GetProperty("calls").EnumerateArray().Select(call => Text(call, "call_id"));

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
