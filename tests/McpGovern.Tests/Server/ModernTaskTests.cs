using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>A parked call as a task of the extension <c>io.modelcontextprotocol/tasks</c>.</summary>
public sealed class ModernTaskTests(HttpGateway gateway) : IClassFixture<HttpGateway>
{
    private static readonly string Declared = ModernClient.Meta(ModernClient.TasksCapability);

    [Fact]
    public async Task Call_ThatIsGated_IsAnsweredWithAHandleAtOnce()
    {
        var task = await ParkAsync();

        Assert.Equal("""resultType taskId status statusMessage createdAt lastUpdatedAt ttlMs pollIntervalMs""", string.Join(' ', task.EnumerateObject().Select(m => m.Name)));
        Assert.Equal(("task", "working"), (task.GetProperty("resultType").GetString(), task.GetProperty("status").GetString()));
        Assert.True(CallId.TryParse(IdOf(task), out _));
        Assert.Equal(TimeSpan.FromDays(1).TotalMilliseconds, task.GetProperty("ttlMs").GetDouble());
        Assert.Equal(task.GetProperty("createdAt").GetDateTimeOffset(), task.GetProperty("lastUpdatedAt").GetDateTimeOffset());
        Assert.Equal("complete", (await GetAsync(IdOf(task))).GetProperty("resultType").GetString());
    }

    [Fact]
    public async Task Call_ThatIsGatedAndSentAgain_HasTheSameHandle()
    {
        var arguments = $$"""{"note":"{{Guid.NewGuid()}}"}""";

        Assert.Equal(IdOf(await ParkAsync(arguments)), IdOf(await ParkAsync(arguments)));
    }

    [Fact]
    public async Task Call_ThatIsAllowed_IsAnsweredAsEver()
    {
        var result = await ModernClient.ResultAsync(gateway, "tools/call", "\"name\":\"echo\",", "echo", Declared);

        Assert.Equal("complete", result.GetProperty("resultType").GetString());
    }

    [Fact]
    public async Task Call_OfAClientThatDidNotDeclareTasks_IsAnsweredInWords()
    {
        var result = await ModernClient.ResultAsync(gateway, "tools/call", $$"""{{Pay()}}""", "pay");

        Assert.Equal("complete", result.GetProperty("resultType").GetString());
        Assert.True(result.GetProperty("isError").GetBoolean());
    }

    [Fact]
    public async Task Call_OfASessionThatDeclaredTasksInInitialize_IsAnsweredInWords()
    {
        using var initialize = gateway.McpPost($$$"""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{{{ModernClient.TasksCapability}}},"clientInfo":{"name":"t","version":"1"} } }""");
        using var response = await gateway.Client.SendAsync(initialize);
        await response.Content.ReadAsStringAsync();

        var result = await gateway.CallAsync(response.Headers.GetValues("Mcp-Session-Id").Single(), "pay", $$"""{"note":"{{Guid.NewGuid()}}"}""");

        Assert.True(result.GetProperty("isError").GetBoolean());
    }

    [Fact]
    public async Task Get_AfterApproval_HasTheUpstreamsResultByteForByteAndAlwaysAgain()
    {
        gateway.Running.Upstream.Result = """{"content":[{"type":"text","text":"paid"}],"amount":1.50,"_meta":{"a":1E2}}""";
        var id = IdOf(await ParkAsync());
        await DecideAsync(id, "approved");

        var task = await EndOfAsync(id);

        Assert.Equal("completed", task.GetProperty("status").GetString());
        Assert.Equal(gateway.Running.Upstream.Result, task.GetProperty("result").GetRawText());
        Assert.Equal(task.GetRawText(), (await GetAsync(id)).GetRawText());
    }

    [Fact]
    public async Task Get_AfterRejection_IsCompletedWithAnErrorResult()
    {
        var id = IdOf(await ParkAsync());
        await DecideAsync(id, "rejected");

        var task = await EndOfAsync(id);

        Assert.Equal("completed", task.GetProperty("status").GetString());
        Assert.True(task.GetProperty("result").GetProperty("isError").GetBoolean());
        Assert.Contains("approval rejected by alice: no", task.GetProperty("result").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_AfterTheDeadline_IsCompletedWithAnErrorResult()
    {
        var id = IdOf(await ParkAsync());
        await new CallStreams(gateway.Running.Gateway.Store, TimeProvider.System).ExecuteAsync(id, new CallCommand.Expire(DateTimeOffset.UtcNow.AddHours(2)), default);

        var task = await GetAsync(id);

        Assert.Equal(("completed", $"{id} is expired"), (task.GetProperty("status").GetString(), task.GetProperty("statusMessage").GetString()));
        Assert.True(task.GetProperty("result").GetProperty("isError").GetBoolean());
    }

    [Fact]
    public async Task Get_AfterAnUpstreamsError_IsFailedWithIt()
    {
        gateway.Running.Upstream.Error = """{"code":-32050,"message":"no funds","data":{"left":0.50}}""";
        var id = IdOf(await ParkAsync());
        await DecideAsync(id, "approved");

        var task = await EndOfAsync(id);
        gateway.Running.Upstream.Error = null;

        Assert.Equal("failed", task.GetProperty("status").GetString());
        Assert.Equal("""{"code":-32050,"message":"no funds","data":{"left":0.50}}""", task.GetProperty("error").GetRawText());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancel_BeforeItIsSent_WithdrawsTheCall(bool twice)
    {
        var id = IdOf(await ParkAsync());

        for (var i = 0; i < (twice ? 2 : 1); i++)
        {
            Assert.Equal("""{"resultType":"complete"}""", Plain(await AskAsync("tasks/cancel", id)));
        }

        var task = await GetAsync(id);
        Assert.Equal("cancelled", task.GetProperty("status").GetString());
        Assert.False(task.TryGetProperty("result", out _));
        Assert.IsType<CallState.Cancelled>((await gateway.Running.Gateway.Queries.LoadAsync(new Actor("op", "k", "key") { Roles = Roles.Operator }, id, default))!.State);
    }

    [Fact]
    public async Task Update_OfATask_IsAcknowledgedAndChangesNothing()
    {
        var id = IdOf(await ParkAsync());

        Assert.Equal("""{"resultType":"complete"}""", Plain(await AskAsync("tasks/update", id, "\"inputResponses\":{\"approve\":{\"action\":\"accept\",\"content\":{\"approve\":true}}},")));
        Assert.Equal("working", (await GetAsync(id)).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("tasks/get")]
    [InlineData("tasks/update")]
    [InlineData("tasks/cancel")]
    public async Task Method_ForWhatIsNotTheCallersTask_SaysThatThereIsNone(string method)
    {
        var id = IdOf(await ParkAsync());
        var allowed = Guid.NewGuid().ToString();
        await ModernClient.ResultAsync(gateway, "tools/call", $$"""{{Pay(allowed).Replace("pay", "echo", StringComparison.Ordinal)}}""", "echo", Declared);

        var unknown = await ErrorAsync(method, CallId.From(Guid.NewGuid()), Declared);
        Assert.Equal(-32602, unknown.GetProperty("code").GetInt32());
        foreach (var (target, key) in new[] { (id, HttpGateway.OtherAgentKey), (id, HttpGateway.AliceKey), (CallId.ExecutionOf(id), HttpGateway.AgentKey), ("", HttpGateway.AgentKey) })
        {
            Assert.Equal(unknown.GetRawText(), (await ErrorAsync(method, target, Declared, key)).GetRawText());
        }

        Assert.Equal("working", (await GetAsync(id)).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("tasks/get")]
    [InlineData("tasks/update")]
    [InlineData("tasks/cancel")]
    public async Task Method_OfAClientThatDidNotDeclareTasks_NamesTheCapability(string method)
    {
        var id = IdOf(await ParkAsync());

        var (status, answer) = await ModernClient.AskAsync(gateway, ModernClient.Post(gateway, ModernClient.Body(method, $"\"taskId\":\"{id}\","), id));

        var error = answer.GetProperty("error");
        Assert.Equal((400, -32021), (status, error.GetProperty("code").GetInt32()));
        Assert.Equal(ModernClient.TasksCapability, error.GetProperty("data").GetProperty("requiredCapabilities").GetRawText());
    }

    [Theory]
    [InlineData("tasks/get")]
    [InlineData("tasks/update")]
    [InlineData("tasks/cancel")]
    [InlineData("tasks/list")]
    public async Task Method_OfASession_IsNotThere(string method)
    {
        var id = IdOf(await ParkAsync());

        var (answer, _) = await gateway.AskAsync(await gateway.OpenSessionAsync(), $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{"taskId":"{{{id}}}"}}""");

        Assert.Contains("-32601", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_WithAnotherTaskInTheHeader_IsRefused()
    {
        var id = IdOf(await ParkAsync());

        var (status, answer) = await ModernClient.AskAsync(gateway, ModernClient.Post(gateway, ModernClient.Body("tasks/get", $"\"taskId\":\"{id}\",", Declared), "other"));

        Assert.Equal((400, -32020), (status, answer.GetProperty("error").GetProperty("code").GetInt32()));
    }

    private static string Pay(string? note = null) => $$"""
        "name":"pay","arguments":{"note":"{{note ?? Guid.NewGuid().ToString()}}"},
        """;

    private static string IdOf(JsonElement task) => task.GetProperty("taskId").GetString()!;

    /// <summary>Without the server's name, which the protocol lets every answer carry.</summary>
    private static string Plain(JsonElement result) => $"{{{string.Join(',', result.EnumerateObject().Where(m => m.Name != "_meta").Select(m => $"\"{m.Name}\":{m.Value.GetRawText()}"))}}}";

    private Task<JsonElement> ParkAsync(string? arguments = null) =>
        ModernClient.ResultAsync(gateway, "tools/call", arguments is null ? Pay() : $"\"name\":\"pay\",\"arguments\":{arguments},", "pay", Declared);

    private Task<JsonElement> AskAsync(string method, string id, string more = "") =>
        ModernClient.ResultAsync(gateway, method, $"\"taskId\":\"{id}\",{more}", id, Declared);

    private Task<JsonElement> GetAsync(string id) => AskAsync("tasks/get", id);

    private async Task<JsonElement> EndOfAsync(string id)
    {
        var task = default(JsonElement);
        await Eventually.TrueAsync(async () => (task = await GetAsync(id)).GetProperty("status").GetString() != "working", () => $"the task goes on: {task}");
        return task;
    }

    private async Task<JsonElement> ErrorAsync(string method, string id, string meta, string key = HttpGateway.AgentKey) =>
        (await ModernClient.AskAsync(gateway, ModernClient.Post(gateway, ModernClient.Body(method, $"\"taskId\":\"{id}\",", meta), id, key))).Answer.GetProperty("error");

    private async Task DecideAsync(string id, string decision)
    {
        var alice = new Actor("alice", "key:alice", "key") { Roles = Roles.Approver };
        var answer = await gateway.Running.Gateway.Decisions.DecideAsync(new DecisionRequest(alice, id, decision, "rest") { Comment = "no" }, default);
        Assert.True(answer.Accepted, answer.Message);
    }
}
