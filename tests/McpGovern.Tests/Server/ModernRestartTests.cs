using System.Text.Json;
using McpGovern.Tests.Examples;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>What a client was given for a parked call is worth as much after <c>kill -9</c> as before.</summary>
public sealed class ModernRestartTests : IDisposable
{
    private const string AgentKey = "a-key-that-only-this-test-has-0123456789";

    private const string Payment = """
        "name":"submit","arguments":{"payment_id":"p-1","amount":12.50,"currency":"EUR"},
        """;

    private static readonly string Declared = ModernClient.Meta(ModernClient.TasksCapability);

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Get_AfterTheServerWasKilled_FindsTheTaskAndItsResultAndItRanOnce()
    {
        var ledger = _folder.File("ledger.jsonl");
        var settings = Settings(ledger, "payments.submit");
        string id;
        await using (var first = await GovernProcess.ServeAsync(settings))
        {
            id = (await AskAsync(first, "tools/call", "submit", Payment)).GetProperty("taskId").GetString()!;
            first.KillHard();
        }

        await using var second = await GovernProcess.ServeAsync(settings);
        var member = $"\"taskId\":\"{id}\",";
        Assert.Equal("working", (await AskAsync(second, "tasks/get", id, member)).GetProperty("status").GetString());
        Assert.Equal(0, (await GovernProcess.RunToEndAsync("approve", settings, [id])).ExitCode);

        var task = default(JsonElement);
        await Eventually.TrueAsync(
            async () => (task = await AskAsync(second, "tasks/get", id, member)).GetProperty("status").GetString() != "working", () => $"the task goes on: {task}");
        Assert.Equal("completed", task.GetProperty("status").GetString());
        Assert.False(task.GetProperty("result").TryGetProperty("isError", out var isError) && isError.GetBoolean(), task.GetRawText());
        Assert.Single(PaymentsExample.ReadLedger(ledger));
    }

    [Fact]
    public async Task Form_ThatComesBackAfterTheServerWasKilled_DecidesItsCallWhichRunsOnce()
    {
        var ledger = _folder.File("ledger.jsonl");
        var settings = Settings(ledger, new { tools = new[] { "payments.submit" }, ask = "form", self_approval = true, approvers = new[] { "agent:coder" } });
        var form = ModernClient.Meta("""{"elicitation":{}}""");
        string state;
        await using (var first = await GovernProcess.ServeAsync(settings))
        {
            state = (await AskAsync(first, "tools/call", "submit", Payment, form)).GetProperty("requestState").GetString()!;
            first.KillHard();
        }

        await using var second = await GovernProcess.ServeAsync(settings);
        var answer = "\"inputResponses\":{\"approval\":{\"action\":\"accept\",\"content\":{\"approve\":true}}},";
        var result = await AskAsync(second, "tools/call", "submit", $"{Payment}{answer}\"requestState\":\"{state}\",", form);

        Assert.Equal("paid 12.50 EUR for p-1", result.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Single(PaymentsExample.ReadLedger(ledger));
    }

    private string Settings(string ledger, object gate) => _folder.WriteJson("mcpgovern.json", new
    {
        version = 1,
        store = "sqlite:./store.db",
        policy = new { @default = "deny", require_approval_for = new[] { gate } },
        mcpServers = new { payments = PaymentsExample.Upstream(ledger) },
        actors = new[] { new { id = "agent:coder", roles = new[] { "caller" }, key = AgentKey } },
    });

    private async Task<JsonElement> AskAsync(ServingProcess serving, string method, string name, string members, string? meta = null)
    {
        var (status, answer) = await ModernClient.AskAsync(_http, ModernClient.Post(serving.McpEndpoint, AgentKey, ModernClient.Body(method, members, meta ?? Declared), name));
        Assert.True(status == 200 && answer.TryGetProperty("result", out _), $"{status}: {answer}");
        return answer.GetProperty("result");
    }
}
