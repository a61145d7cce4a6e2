using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Clients;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Server;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Crashes;

/// <summary>A gateway that dies, or stalls, while its upstream is at a long task: another one follows the task to its end.</summary>
public sealed class UpstreamTaskKillTests : IDisposable
{
    private const string Agent = "agent:coder", Key = "a-key-that-only-this-test-has-0123456789";
    private const string Call = "\"name\":\"slow_compute\",\"arguments\":{\"seconds\":15,\"label\":\"x\"},";

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [SkippableTheory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Task_WhoseGatewayIsKilledOrStalls_EndsOnceWithItsResult(bool gated, bool stalls)
    {
        Requirement.SkipUnless(OperatingSystem.IsLinux(), "signals are looked at as Linux has them");
        await using var upstream = await StartUpstreamAsync();
        // A process that stalls in the middle of a write keeps SQLite's one lock.
        var storeText = stalls ? await PostgresServer.CreateDatabaseAsync() : Sqlite;
        var settings = Settings(upstream.Url, storeText, gated);
        await using var store = CallStores.Open(storeText, TimeProvider.System, NullLoggerFactory.Instance);
        await using var first = await GovernProcess.ServeAsync(settings);
        await MeetUpstreamAsync(first);
        var id = (await AskAsync(first, "tools/call", "slow_compute", Call)).GetProperty("taskId").GetString()!;
        if (gated)
        {
            Assert.Equal(0, (await GovernProcess.RunToEndAsync("approve", settings, [id])).ExitCode);
        }

        await Eventually.TrueAsync(async () => (await EventsAsync(store, id)).OfType<UpstreamTaskFollowed>().Any(), () => first.Process.Errors);
        if (stalls)
        {
            first.Process.Freeze();
        }
        else
        {
            first.KillHard();
        }

        await using var second = await GovernProcess.ServeAsync(settings);
        var task = await EndAsync(second, id);
        if (stalls)
        {
            first.Process.Thaw();
            await Eventually.TrueAsync(async () => await IsReadyAsync(first), () => first.Process.Errors);
        }

        Assert.Equal("completed", task.GetProperty("status").GetString());
        Assert.Equal("computed x", task.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString());
        var events = await EventsAsync(store, id);
        Assert.Single(events.OfType<DispatchStarted>());
        Assert.Single(events.OfType<CallSucceeded>());
        Assert.Equal(2, events.OfType<UpstreamTaskFollowed>().Select(e => e.Process).Distinct().Count());
        Assert.Equal(["x"], await File.ReadAllLinesAsync(_folder.File("ledger")));
    }

    /// <summary>The control: without the event that says which task it is, the same eyes see it given up.</summary>
    [SkippableFact]
    public async Task Task_ThatIsNotOnRecordWhenItsGatewayDies_HasAnUnknownOutcome()
    {
        await using var upstream = await StartUpstreamAsync();
        var settings = Settings(upstream.Url, Sqlite, gated: false);
        await using var store = CallStores.Open(Sqlite, TimeProvider.System, NullLoggerFactory.Instance);
        await using var first = await GovernProcess.ServeAsync(
            settings, environment: new Dictionary<string, string?> { [FaultPoints.Variable] = "outcome_before_append:1:kill" });
        await MeetUpstreamAsync(first);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => AskAsync(first, "tools/call", "slow_compute", Call));
        var id = Assert.Single((await store.ListAsync(new CallQuery([], 10), default)).Calls).CallId;

        await using var second = await GovernProcess.ServeAsync(settings);

        await Eventually.TrueAsync(
            async () => CallView.From(id, await EventsAsync(store, id)).Status == "outcome_unknown", () => $"nobody gives it up; {second.Process.Errors}");
        Assert.Equal(["x"], await File.ReadAllLinesAsync(_folder.File("ledger")));
    }

    private string Sqlite => $"sqlite:{_folder.File("store.db")}";

    private Task<IConformanceTarget> StartUpstreamAsync() =>
        FixtureProcess.StartAsync(GovernProcess.FreePort(), "--modern", "--tasks", "--ledger", _folder.File("ledger"));

    private string Settings(Uri upstream, string storeText, bool gated) => _folder.WriteJson("mcpgovern.json", new
    {
        version = 1,
        store = storeText,
        policy = new { @default = gated ? "require_approval" : "allow" },
        mcpServers = new { up = new { url = upstream } },
        actors = new[] { new { id = Agent, roles = new[] { "caller" }, key = Key } },
    });

    private static async Task<IReadOnlyList<CallEvent>> EventsAsync(ICallStore store, string id) => (await store.LoadAsync(id, default))!.Events;

    private async Task<JsonElement> EndAsync(ServingProcess serving, string id)
    {
        var task = default(JsonElement);
        await Eventually.TrueAsync(
            async () => !(task = await AskAsync(serving, "tasks/get", id, $"\"taskId\":\"{id}\",")).GetRawText().Contains("\"working\"", StringComparison.Ordinal),
            () => $"it goes on: {task}; {serving.Process.Errors}");
        return task;
    }

    // A machine with much to do takes its time, which is no matter here.
    private Task MeetUpstreamAsync(ServingProcess serving) => Eventually.TrueAsync(
        async () => (await AskAsync(serving, "tools/list", null, "")).GetRawText().Contains("slow_compute", StringComparison.Ordinal),
        () => $"it never lists the tools; {serving.Process.Errors}");

    private async Task<bool> IsReadyAsync(ServingProcess serving)
    {
        using var answer = await _http.GetAsync(new Uri(serving.Address, "/readyz"));
        return answer.IsSuccessStatusCode;
    }

    private async Task<JsonElement> AskAsync(ServingProcess serving, string method, string? name, string members)
    {
        var body = ModernClient.Body(method, members, ModernClient.Meta(ModernClient.TasksCapability));
        var (_, answer) = await ModernClient.AskAsync(_http, ModernClient.Post(serving.McpEndpoint, Key, body, name));
        return answer.TryGetProperty("result", out var result) ? result : answer;
    }
}
