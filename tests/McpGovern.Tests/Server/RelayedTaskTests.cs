using System.Text.Json;
using McpGovern.Tests.Clients;
using McpGovern.Tests.Processes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Server;

/// <summary>An upstream's own task as clients meet it under the call's handle.</summary>
public sealed class RelayedTaskTests : IAsyncLifetime
{
    private static readonly string
        Asked = ModernClient.Meta("""{"elicitation":{"form":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}"""),
        Mute = ModernClient.Meta(ModernClient.TasksCapability);

    private IConformanceTarget _upstream = null!;
    private HttpGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FixtureProcess.StartAsync(GovernProcess.FreePort(), "--modern", "--tasks");
        var config = new UpstreamConfig("up", "up", "http", null, [], new Dictionary<string, string>(), null, _upstream.Url, new Dictionary<string, string>());
        _gateway = new HttpGateway { Options = new() { Policy = "default: allow", Upstreams = [config] } };
        await _gateway.InitializeAsync();
        // A machine with much to do takes its time to meet it, which is no matter here.
        await Eventually.TrueAsync(
            async () => (await ModernClient.ResultAsync(_gateway, "tools/list")).GetRawText().Contains("confirm_delete", StringComparison.Ordinal),
            () => "the tools are never listed");
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Get_WhileTheTaskAsks_ShowsItsQuestions_AndTheAnswersReachIt()
    {
        var id = await BeginAsync();

        var asking = await AskAsync("tasks/get", id);
        Assert.Equal(
            "resultType taskId status inputRequests statusMessage createdAt lastUpdatedAt ttlMs pollIntervalMs", string.Join(' ', asking.EnumerateObject().Select(m => m.Name)));
        Assert.Equal(("complete", "input_required", 100), (TextOf(asking, "resultType"), TextOf(asking, "status"), asking.GetProperty("pollIntervalMs").GetInt32()));
        Assert.Equal("Delete a.txt?", asking.GetProperty("inputRequests").GetProperty("confirm").GetProperty("params").GetProperty("message").GetString());
        var answer = """ "inputResponses":{"confirm":{"action":"accept","content":{"confirm":true}}}, """;
        Assert.Equal("""{"resultType":"complete"}""", (await AskAsync("tasks/update", id, answer)).GetRawText());

        var ended = default(JsonElement);
        await Eventually.TrueAsync(async () => TextOf(ended = await AskAsync("tasks/get", id), "status") == "completed", () => $"it stays {ended}");
        Assert.StartsWith("deleted: ", ended.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        // Nothing was gated, so there is no approval to tell of.
        Assert.False(ended.GetProperty("result").TryGetProperty("_meta", out _));
    }

    [Fact]
    public async Task Get_ByAClientThatCannotBeAsked_IsToldWhatIsMissing()
    {
        var id = await BeginAsync();

        var (_, answer) = await ModernClient.AskAsync(_gateway, ModernClient.Post(_gateway, ModernClient.Body("tasks/get", $"\"taskId\":\"{id}\",", Mute), id));

        var error = answer.GetProperty("error");
        Assert.Equal(-32021, error.GetProperty("code").GetInt32());
        Assert.Equal("""{"elicitation":{"form":{}}}""", error.GetProperty("data").GetProperty("requiredCapabilities").GetRawText());
        Assert.DoesNotContain("inputRequests", answer.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tasks/get", "")]
    [InlineData("tasks/update", "\"inputResponses\":{\"confirm\":{\"action\":\"accept\",\"content\":{}}},")]
    [InlineData("tasks/cancel", "")]
    public async Task Method_OfAnotherThanItsCaller_FindsNoTask(string method, string members)
    {
        var id = await BeginAsync();

        var body = ModernClient.Body(method, $"\"taskId\":\"{id}\",{members}", Asked);
        var (_, answer) = await ModernClient.AskAsync(_gateway, ModernClient.Post(_gateway, body, id, HttpGateway.OtherAgentKey));

        Assert.Equal(-32602, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal("input_required", TextOf(await AskAsync("tasks/get", id), "status"));
    }

    [Fact]
    public async Task Cancel_ByItsCaller_EndsAsCancelled()
    {
        var id = await BeginAsync();

        Assert.Equal("""{"resultType":"complete"}""", (await AskAsync("tasks/cancel", id)).GetRawText());

        var task = default(JsonElement);
        await Eventually.TrueAsync(async () => TextOf(task = await AskAsync("tasks/get", id), "status") == "cancelled", () => $"it stays {task}");
    }

    [Fact]
    public async Task Update_WithAnswersThatAreNoObject_IsRefused()
    {
        var id = await BeginAsync();

        var (_, answer) = await ModernClient.AskAsync(
            _gateway, ModernClient.Post(_gateway, ModernClient.Body("tasks/update", $"\"taskId\":\"{id}\",\"inputResponses\":[1],", Asked), id));

        Assert.Equal(-32602, answer.GetProperty("error").GetProperty("code").GetInt32());
    }

    private async Task<string> BeginAsync()
    {
        var handle = await ModernClient.ResultAsync(
            _gateway, "tools/call", "\"name\":\"confirm_delete\",\"arguments\":{\"filename\":\"a.txt\"},", "confirm_delete", Asked);
        Assert.Equal("task", TextOf(handle, "resultType"));
        return TextOf(handle, "taskId")!;
    }

    private Task<JsonElement> AskAsync(string method, string id, string members = "", string? meta = null) =>
        ModernClient.ResultAsync(_gateway, method, $"\"taskId\":\"{id}\",{members}", id, meta ?? Asked);

    private static string? TextOf(JsonElement task, string member) => task.GetProperty(member).GetString();
}
