using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Server;
using McpGovern.Tests.Storage;
using McpGovern.Tests.Upstreams.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Crashes;

/// <summary>A serving process is killed between the answers to a task's questions, and between the last of them and the round that it begins.</summary>
public sealed class TaskInputKillTests : IDisposable
{
    private const string AgentKey = "a-key-that-only-this-test-has-9876543210", AliceKey = "and-another-one-for-a-person-0123456789";
    private const string Accept = """{"action":"accept","content":{"n":1.50}}""";

    private static readonly string Declared = ModernClient.Meta("""{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}""");

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();
    private ServingProcess? _serving;

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Answers_WithAKillBetweenThem_AreAllSentOnce(string store)
    {
        var settings = await SettingsAsync(store);
        await ServeAsync(settings);
        var id = await AskedAsync();
        await UpdateAsync(id, "why");
        await KillAsync();

        await ServeAsync(settings);
        Assert.Equal("who", string.Join(' ', (await GetAsync(id)).GetProperty("inputRequests").EnumerateObject().Select(q => q.Name)));
        await UpdateAsync(id, "who");
        await KillAsync();

        await ServeAsync(settings);
        await EndAsync(id);
    }

    /// <summary>The last answer is recorded, the round that it names is not: whoever comes next finds it so, and makes it.</summary>
    [SkippableTheory]
    [InlineData("sqlite", "tasks/get")]
    [InlineData("sqlite", "jamjet_result")]
    [InlineData("postgres", "tasks/update")]
    public async Task Process_KilledBetweenTheLastAnswerAndTheRound_IsMadeUpForByTheNext(string store, string by)
    {
        var settings = await SettingsAsync(store);
        // The first park is the call's own.
        await ServeAsync(settings, "park_before_append:2:kill");
        var id = await AskedAsync();
        await UpdateAsync(id, "why");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => UpdateAsync(id, "who"));
        await _serving!.DisposeAsync();

        await ServeAsync(settings);
        await using (var eyes = CallStores.Open(await StoreTextAsync(store), TimeProvider.System, NullLoggerFactory.Instance))
        {
            var next = ((CallState.Ended)Call.Replay((await eyes.LoadAsync(id, default))!.Events)).ContinuedBy!;
            Assert.Null(await eyes.LoadAsync(next, default));
            await (by switch
            {
                "tasks/get" => GetAsync(id),
                "tasks/update" => UpdateAsync(id, "who"),
                _ => AskAsync("tools/call", $$"""
                    "name":"jamjet_result","arguments":{"call_id":"{{id}}"},
                    """, "jamjet_result"),
            });
            Assert.NotNull(await eyes.LoadAsync(next, default));
        }

        await EndAsync(id);
    }

    /// <summary>The last answer is recorded, or is not: whoever gave it asks the next process, and gives it again where it is still asked for.</summary>
    [SkippableTheory]
    [InlineData("sqlite", "round_before_append:2:kill")]
    [InlineData("sqlite", "round_appended:2:kill")]
    [InlineData("postgres", "round_appended:2:kill")]
    public async Task Process_KilledWithTheLastAnswer_IsMadeUpForByTheNext(string store, string fault)
    {
        var settings = await SettingsAsync(store);
        await ServeAsync(settings, fault);
        var id = await AskedAsync();
        await UpdateAsync(id, "why");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => UpdateAsync(id, "who"));
        Assert.Equal(137, (await _serving!.Process.WaitForExitAsync()).ExitCode);
        await _serving.DisposeAsync();

        await ServeAsync(settings);
        var asksAgain = (await GetAsync(id)).GetProperty("status").GetString() == "input_required";
        Assert.Equal(fault.StartsWith("round_before", StringComparison.Ordinal), asksAgain);
        if (asksAgain)
        {
            await UpdateAsync(id, "who");
        }

        await EndAsync(id);
    }

    private async Task EndAsync(string id)
    {
        var next = (await GetAsync(id)).GetProperty("statusMessage").GetString()!.Split(' ')[^1];
        await ApproveAsync(next);
        var task = await UntilAsync(id, "completed");
        Assert.Equal($$"""{"why":{{Accept}},"who":{{Accept}}}""", task.GetProperty("result").GetProperty("answers").GetRawText());
        Assert.Equal(2, File.ReadAllLines(_folder.File("ledger")).Length);
        await _serving!.DisposeAsync();
    }

    private string? _postgres;

    private async Task<string> StoreTextAsync(string store) =>
        store == "postgres" ? _postgres ??= await PostgresServer.CreateDatabaseAsync() : $"sqlite:{_folder.File("store.db")}";

    private async Task<string> SettingsAsync(string store)
    {
        var (command, args) = FakeUpstreamOptions.CommandLine("--modern", "--extra", "form", "--ledger", _folder.File("ledger"));
        return _folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = await StoreTextAsync(store),
            policy = new { @default = "require_approval" },
            mcpServers = new { fake = new { command, args } },
            actors = new object[]
            {
                new { id = "agent:coder", roles = new[] { "caller" }, key = AgentKey },
                new { id = "alice", roles = new[] { "approver" }, key = AliceKey },
            },
        });
    }

    private async Task ServeAsync(string settings, string? fault = null) =>
        _serving = await GovernProcess.ServeAsync(settings, environment: new Dictionary<string, string?> { [FaultPoints.Variable] = fault });

    private async Task KillAsync()
    {
        _serving!.KillHard();
        await _serving.DisposeAsync();
    }

    private async Task<string> AskedAsync()
    {
        var id = (await AskAsync("tools/call", "\"name\":\"form\",\"arguments\":{\"two\":true},", "form")).GetProperty("taskId").GetString()!;
        await ApproveAsync(id);
        await UntilAsync(id, "input_required");
        return id;
    }

    private async Task ApproveAsync(string callId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_serving!.Address, $"/api/v1/calls/{callId}/approve"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", AliceKey);
        request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private Task<JsonElement> UpdateAsync(string id, string key) =>
        AskAsync("tasks/update", $"\"taskId\":\"{id}\",\"inputResponses\":{{\"{key}\":{Accept}}},", id);

    private Task<JsonElement> GetAsync(string id) => AskAsync("tasks/get", $"\"taskId\":\"{id}\",", id);

    private async Task<JsonElement> AskAsync(string method, string members, string name)
    {
        var (status, answer) = await ModernClient.AskAsync(_http, ModernClient.Post(_serving!.McpEndpoint, AgentKey, ModernClient.Body(method, members, Declared), name));
        Assert.True(status == 200 && answer.TryGetProperty("result", out _), $"{status}: {answer}");
        return answer.GetProperty("result");
    }

    private async Task<JsonElement> UntilAsync(string id, string status)
    {
        var task = default(JsonElement);
        await Eventually.TrueAsync(async () => (task = await GetAsync(id)).GetProperty("status").GetString() == status, () => $"it stays {task}");
        return task;
    }
}
