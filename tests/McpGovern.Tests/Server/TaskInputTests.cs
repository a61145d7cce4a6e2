using System.Text.Json;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Server;

/// <summary>A task whose upstream asks, over the wire: <c>input_required</c>, and <c>tasks/update</c>.</summary>
public sealed class TaskInputTests : IAsyncLifetime
{
    private const string Accept = """{"action":"accept","content":{"name":"\u00e9\/ 1.50","n":1.50}}""";

    private static readonly string
        Declared = ModernClient.Meta("""{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}"""),
        OnlyTasks = ModernClient.Meta(ModernClient.TasksCapability);

    private FakeHttpUpstream _fake = null!;
    private HttpGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _fake = await FakeHttpUpstream.StartAsync(stream: true, modern: true, extra: ["form"]);
        _gateway = new HttpGateway { Options = new() { Upstreams = [_fake.Config()], Policy = "require_approval_for: [form]" } };
        await _gateway.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _fake.DisposeAsync();
    }

    [Fact]
    public async Task Get_OfATaskWhoseUpstreamAsks_HasTheQuestionsAsTheyWereWritten()
    {
        var id = await AskedAsync("""{"two":true}""");

        var task = await AskAsync("tasks/get", id);

        Assert.Equal(
            "resultType taskId status statusMessage createdAt lastUpdatedAt ttlMs pollIntervalMs inputRequests", string.Join(' ', task.EnumerateObject().Select(m => m.Name)));
        Assert.Equal(("complete", id), (task.GetProperty("resultType").GetString(), task.GetProperty("taskId").GetString()));
        var question = $$$"""{"method":"elicitation/create","params":{{{FakeQuestions.Question}}}}""";
        Assert.Equal($$"""{"who":{{question}},"why":{{question}}}""", task.GetProperty("inputRequests").GetRawText());
    }

    [Fact]
    public async Task Update_WithSomeOfTheAnswers_LeavesTheOthersOpen_AndTheLastGoesOn()
    {
        var id = await AskedAsync("""{"two":true}""");

        foreach (var (answers, open) in ((string, string)[])[("""{"which":{}}""", "who why"), ($$$"""{"why":{{{Accept}}},"which":{}}""", "who"), ("""{"why":{"action":"decline"}}""", "who")])
        {
            Assert.Equal("""{"resultType":"complete"}""", (await UpdateAsync(id, answers)).GetRawText());
            var task = await AskAsync("tasks/get", id);
            Assert.Equal(("input_required", open), (StatusOf(task), string.Join(' ', task.GetProperty("inputRequests").EnumerateObject().Select(q => q.Name))));
        }

        Assert.Equal("""{"resultType":"complete"}""", (await UpdateAsync(id, $$"""{"who":{{Accept}}}""")).GetRawText());
        var waiting = await AskAsync("tasks/get", id);
        var next = waiting.GetProperty("statusMessage").GetString()!.Split(' ')[^1];
        Assert.Equal("working", StatusOf(waiting));
        await _gateway.Running.Gateway.ApproveAsync(next);

        var done = await UntilAsync(id, "completed");
        Assert.Equal($$"""{"why":{{Accept}},"who":{{Accept}}}""", done.GetProperty("result").GetProperty("answers").GetRawText());
        Assert.Equal(2, _fake.Ledger.Count);
    }

    [Fact]
    public async Task Update_OfSomebodyElse_IsOfATaskThatIsNot()
    {
        var id = await AskedAsync();

        var theirs = await ErrorAsync("tasks/update", $$"""{"who":{{Accept}}}""", id, key: HttpGateway.OtherAgentKey);

        Assert.Equal(theirs, await ErrorAsync("tasks/update", "{}", "call_00000000000000000000000000000001"));
        Assert.StartsWith("-32602", theirs, StringComparison.Ordinal);
        Assert.Equal("input_required", StatusOf(await AskAsync("tasks/get", id)));
        Assert.Single(_fake.Ledger);
    }

    [Fact]
    public async Task Get_WithoutTheCapabilityThatAQuestionNeeds_SaysWhich()
    {
        var id = await AskedAsync();
        var (_, answer) = await ModernClient.AskAsync(_gateway, ModernClient.Post(_gateway, ModernClient.Body("tasks/get", $"\"taskId\":\"{id}\",", OnlyTasks), id));

        Assert.Equal(-32021, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal("""{"elicitation":{"form":{}}}""", answer.GetProperty("error").GetProperty("data").GetProperty("requiredCapabilities").GetRawText());
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"yes\"")]
    public async Task Update_WithAnswersThatAreNoObject_IsRefused(string answers) =>
        Assert.StartsWith("-32602", await ErrorAsync("tasks/update", answers, await AskedAsync()), StringComparison.Ordinal);

    [Fact]
    public async Task Cancel_OfATaskThatAsks_IsTheEndOfIt()
    {
        var id = await AskedAsync();

        Assert.Equal("""{"resultType":"complete"}""", (await AskAsync("tasks/cancel", id)).GetRawText());

        Assert.Equal("cancelled", StatusOf(await AskAsync("tasks/get", id)));
        await UpdateAsync(id, $$"""{"who":{{Accept}}}""");
        Assert.Equal("cancelled", StatusOf(await AskAsync("tasks/get", id)));
        Assert.Single(_fake.Ledger);
    }

    /// <summary>The same call sent again brings the questions too, and both ways lead to one further round.</summary>
    [Theory]
    [InlineData("task first")]
    [InlineData("call first")]
    [InlineData("cancelled")]
    [InlineData("at once")]
    public async Task Questions_AnsweredBothWays_GoOnOnce(string order)
    {
        var id = await AskedAsync();
        await using var client = await TalkingClient.OverHttpAsync(_gateway, stateless: true);
        var state = (await client.CallAsync("form")).GetProperty("result").GetProperty("requestState").GetString();
        Task<JsonElement> CallAsync() => client.CallAsync("form", members: $$"""
            "inputResponses":{"who":{{Accept}}},"requestState":"{{state}}",
            """);

        if (order == "task first")
        {
            await UpdateAsync(id, $$"""{"who":{{Accept}}}""");
        }
        else if (order == "cancelled")
        {
            await AskAsync("tasks/cancel", id);
        }
        else if (order == "at once")
        {
            await Task.WhenAll(UpdateAsync(id, """{"who":{"action":"decline"}}"""), CallAsync());
        }

        var answer = order == "at once" ? default : await CallAsync();
        await UpdateAsync(id, """{"who":{"action":"decline"}}""");

        var calls = (await _gateway.Running.Gateway.AllAsync()).Where(call => call.Continues == id).ToArray();
        Assert.Equal(order == "cancelled" ? 0 : 1, calls.Length);
        Assert.All(calls, call => Assert.Equal(call.CallId, AskAsync("tasks/get", id).Result.GetProperty("statusMessage").GetString()!.Split(' ')[^1]));
        if (order is "task first" or "cancelled")
        {
            Assert.Equal(-32602, answer.GetProperty("error").GetProperty("code").GetInt32());
            Assert.Contains(id, answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    private static string? StatusOf(JsonElement task) => task.GetProperty("status").GetString();

    private async Task<string> AskedAsync(string arguments = "{}")
    {
        var task = await ModernClient.ResultAsync(_gateway, "tools/call", $"\"name\":\"form\",\"arguments\":{arguments},", "form", Declared);
        var id = task.GetProperty("taskId").GetString()!;
        await _gateway.Running.Gateway.ApproveAsync(id);
        await UntilAsync(id, "input_required");
        return id;
    }

    private Task<JsonElement> AskAsync(string method, string id, string members = "") =>
        ModernClient.ResultAsync(_gateway, method, $"\"taskId\":\"{id}\",{members}", id, Declared);

    private Task<JsonElement> UpdateAsync(string id, string answers) => AskAsync("tasks/update", id, $"\"inputResponses\":{answers},");

    private async Task<string> ErrorAsync(string method, string answers, string id, string key = HttpGateway.AgentKey)
    {
        var body = ModernClient.Body(method, $"\"taskId\":\"{id}\",\"inputResponses\":{answers},", Declared);
        var (_, answer) = await ModernClient.AskAsync(_gateway, ModernClient.Post(_gateway, body, id, key));
        return $"{answer.GetProperty("error").GetProperty("code")} {answer.GetProperty("error").GetProperty("message")}";
    }

    private async Task<JsonElement> UntilAsync(string id, string status)
    {
        var task = default(JsonElement);
        await Eventually.TrueAsync(async () => StatusOf(task = await AskAsync("tasks/get", id)) == status, () => $"it stays {task}");
        return task;
    }
}
