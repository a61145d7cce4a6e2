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
    private const string ShortCall = "\"name\":\"slow_compute\",\"arguments\":{\"seconds\":8,\"label\":\"x\"},";
    private const int Killed = 137;

    private static readonly string Declared = ModernClient.Meta("""{"elicitation":{"form":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}""");

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
    [SkippableTheory]
    [InlineData("follow_before_append")]
    public async Task Task_ThatIsNotOnRecordWhenItsGatewayDies_HasAnUnknownOutcome(string point)
    {
        await using var upstream = await StartUpstreamAsync();
        var settings = Settings(upstream.Url, Sqlite, gated: false);
        await using var store = CallStores.Open(Sqlite, TimeProvider.System, NullLoggerFactory.Instance);
        await using var first = await GovernProcess.ServeAsync(settings, environment: DyingAt(point));
        await MeetUpstreamAsync(first);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => AskAsync(first, "tools/call", "slow_compute", Call));
        var id = Assert.Single((await store.ListAsync(new CallQuery([], 10), default)).Calls).CallId;

        await using var second = await GovernProcess.ServeAsync(settings);

        await Eventually.TrueAsync(
            async () => CallView.From(id, await EventsAsync(store, id)).Status == "outcome_unknown", () => $"nobody gives it up; {second.Process.Errors}");
        Assert.Equal(["x"], await File.ReadAllLinesAsync(_folder.File("ledger")));
    }

    [SkippableTheory]
    [InlineData("follow_appended")]
    [InlineData("adopt_before_append")]
    [InlineData("adopt_appended")]
    public async Task Task_WhoseFollowerDiesAtAPoint_EndsOnceWithItsResult(string point)
    {
        await using var upstream = await StartUpstreamAsync();
        var settings = Settings(upstream.Url, Sqlite, gated: false);
        await using var store = CallStores.Open(Sqlite, TimeProvider.System, NullLoggerFactory.Instance);
        var isFirst = point == "follow_appended";
        await using (var first = await GovernProcess.ServeAsync(settings, environment: isFirst ? DyingAt(point) : null))
        {
            await MeetUpstreamAsync(first);
            await (isFirst ? Assert.ThrowsAnyAsync<HttpRequestException>(() => AskAsync(first, "tools/call", "slow_compute", ShortCall))
                : (Task)AskAsync(first, "tools/call", "slow_compute", ShortCall));
            first.KillHard();
        }

        var id = Assert.Single((await store.ListAsync(new CallQuery([], 10), default)).Calls).CallId;
        if (!isFirst)
        {
            await using var second = GovernProcess.Start("serve", settings, ["--listen", $"http://127.0.0.1:{GovernProcess.FreePort()}"], DyingAt(point));
            Assert.Equal(Killed, (await second.WaitForExitAsync()).ExitCode);
        }

        await using var last = await GovernProcess.ServeAsync(settings);
        var task = await EndAsync(last, id);

        Assert.Equal("completed", task.GetProperty("status").GetString());
        Assert.Equal("computed x", task.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString());
        var events = await EventsAsync(store, id);
        Assert.Single(events.OfType<DispatchStarted>());
        Assert.Single(events.OfType<CallSucceeded>());
        Assert.Equal(point == "adopt_appended" ? 3 : 2, events.OfType<UpstreamTaskFollowed>().Count());
        Assert.Equal(["x"], await File.ReadAllLinesAsync(_folder.File("ledger")));
    }

    /// <summary>What the caller answered had not got to the task: it asks again, and is answered once.</summary>
    [SkippableTheory]
    [InlineData("input_before_append", 1)]
    [InlineData("input_appended", 2)]
    public async Task Answer_WhoseGatewayDiesAtAPoint_IsAskedForAgain(string point, int recorded)
    {
        await using var upstream = await StartUpstreamAsync();
        var settings = Settings(upstream.Url, Sqlite, gated: false);
        await using var store = CallStores.Open(Sqlite, TimeProvider.System, NullLoggerFactory.Instance);
        string id;
        await using (var first = await GovernProcess.ServeAsync(settings, environment: DyingAt(point)))
        {
            await MeetUpstreamAsync(first);
            var handle = await AskAsync(first, "tools/call", "confirm_delete", "\"name\":\"confirm_delete\",\"arguments\":{\"filename\":\"a.txt\"},");
            id = handle.GetProperty("taskId").GetString()!;
            await UntilAsync(first, id, "input_required");
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => AnswerAsync(first, id));
            Assert.Equal(Killed, (await first.Process.WaitForExitAsync()).ExitCode);
        }

        await using var last = await GovernProcess.ServeAsync(settings);
        await UntilAsync(last, id, "input_required");
        await AnswerAsync(last, id);

        var task = await UntilAsync(last, id, "completed");
        Assert.StartsWith("deleted: ", task.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        var events = await EventsAsync(store, id);
        Assert.Single(events.OfType<DispatchStarted>());
        Assert.Equal(recorded, events.OfType<UpstreamTaskInput>().Count());
    }

    private static Dictionary<string, string?> DyingAt(string point) => new() { [FaultPoints.Variable] = $"{point}:1:kill" };

    private Task<JsonElement> AnswerAsync(ServingProcess serving, string id) => AskAsync(
        serving, "tasks/update", id, $"\"taskId\":\"{id}\"," + """
        "inputResponses":{"confirm":{"action":"accept","content":{"confirm":true}}},
        """);

    private async Task<JsonElement> UntilAsync(ServingProcess serving, string id, string status)
    {
        var task = default(JsonElement);
        await Eventually.TrueAsync(
            async () => (task = await AskAsync(serving, "tasks/get", id, $"\"taskId\":\"{id}\",")).GetProperty("status").GetString() == status,
            () => $"it stays {task}; {serving.Process.Errors}");
        return task;
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
        var body = ModernClient.Body(method, members, Declared);
        var (_, answer) = await ModernClient.AskAsync(_http, ModernClient.Post(serving.McpEndpoint, Key, body, name));
        return answer.TryGetProperty("result", out var result) ? result : answer;
    }
}
