using System.Text;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Clients;
using McpGovern.Tests.Processes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Calls;

/// <summary>A story whose upstream is a process of its own over HTTP and has tasks, so that they outlive every gateway.</summary>
internal sealed class TaskStory : IAsyncDisposable
{
    private readonly int port = GovernProcess.FreePort();
    private IConformanceTarget upstream = null!;

    private TaskStory(string policy) => Story = new Story(policy);

    public Story Story { get; }

    /// <summary>The label of every computation that was begun.</summary>
    public string[] Ledger => File.Exists(LedgerFile) ? File.ReadAllLines(LedgerFile) : [];

    private string LedgerFile => Story.File("computed");

    public static async Task<TaskStory> StartAsync(string policy = Story.Open)
    {
        var story = new TaskStory(policy);
        await story.StartUpstreamAsync();
        return story;
    }

    /// <summary>One that has met its upstream: a machine with much to do takes its time, which is no matter here.</summary>
    public async Task<Gateway> GatewayAsync(TimeSpan hold = default)
    {
        var gateway = await Story.StartAsync(hold, upstreams: [Config(port)]);
        await Eventually.TrueAsync(() => IsMetAsync(gateway.Upstreams.All[0]), () => gateway.Upstreams.All[0].LastFailure ?? "");
        return gateway;
    }

    /// <summary>The same server again at the same address; it knows nothing of its former tasks.</summary>
    public async Task RestartUpstreamAsync()
    {
        await upstream.DisposeAsync();
        await StartUpstreamAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Story.DisposeAsync();
        await upstream.DisposeAsync();
    }

    /// <summary>As a client of the stateless revision asks that has declared the extension.</summary>
    public static Task<CallAnswer> AskAsync(Gateway gateway, string tool, string arguments = "{}", bool takesTasks = true) => gateway.Calls.HandleAsync(
        new ToolCallRequest(Story.Agent, tool, arguments)
        {
            Caller = new TestCaller { TakesTasks = takesTasks },
            AnswerParkedAtOnce = takesTasks,
            ClientCapabilities = """{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}""",
        },
        default);

    /// <summary>A call that has become a task.</summary>
    public static async Task<LoadedCall> BeginAsync(Gateway gateway, string tool, string arguments = "{}")
    {
        var answer = await AskAsync(gateway, tool, arguments);
        Assert.True(answer is CallAnswer.Parked, answer is CallAnswer.Result result ? Encoding.UTF8.GetString(result.Json.Span) : $"{answer}");
        return ((CallAnswer.Parked)answer).Call;
    }

    /// <summary>The same, once it was approved where that is asked for.</summary>
    public static Task<string> BeginAsync(Gateway gateway, bool gated, int seconds) =>
        BeginAsync(gateway, gated, $$"""{"seconds":{{seconds}},"label":"x"}""");

    /// <summary>A task that lasts until <see cref="EndTasks"/>.</summary>
    public Task<string> BeginUntilToldAsync(Gateway gateway, bool gated) =>
        BeginAsync(gateway, gated, $$"""{"seconds":0,"label":"x","until":"{{Story.File("told")}}"}""");

    public void EndTasks() => File.WriteAllText(Story.File("told"), "");

    private static async Task<string> BeginAsync(Gateway gateway, bool gated, string arguments)
    {
        var id = (await BeginAsync(gateway, "slow_compute", arguments)).Id;
        if (gated)
        {
            await gateway.ApproveAsync(id);
        }

        await Eventually.TrueAsync(async () => (await gateway.ViewAsync(id)).UpstreamTask is not null, () => "it does not become a task");
        return id;
    }

    /// <summary>What the caller finds under its handle.</summary>
    public static async Task<CallAnswer> OutcomeAsync(Gateway gateway, string id) =>
        (await gateway.Queries.OutcomeAsync((await gateway.Queries.TaskAsync(Story.Agent, id, default))!))!;

    public static string TextOf(CallAnswer answer) => Encoding.UTF8.GetString(Assert.IsType<CallAnswer.Result>(answer).Json.Span);

    /// <summary>Asks the upstream until it has questions.</summary>
    public static async Task<string> QuestionsAsync(Gateway gateway, string id)
    {
        var questions = "";
        await Eventually.TrueAsync(
            async () => await StateAsync(gateway, id) is { } state && (questions = Encoding.UTF8.GetString(state.Questions.Span)).Length > 0,
            () => "the task asks for nothing");
        return questions;
    }

    public static async Task<UpstreamTaskState?> StateAsync(Gateway gateway, string id) =>
        await gateway.UpstreamTasks.AskAsync((await gateway.Queries.LoadAsync(Story.Agent, id, default))!, "{}", default);

    public static async Task<string?> AnswerAsync(Gateway gateway, string id, string responses, Actor? by = null) => await gateway.UpstreamTasks.AnswerAsync(
        by ?? Story.Agent, (await gateway.Queries.LoadAsync(Story.Agent, id, default))!, responses, """{"elicitation":{}}""", default);

    private static async Task<bool> IsMetAsync(Upstream upstream)
    {
        try
        {
            return await upstream.ConnectAsync(default) is not null;
        }
        catch (UpstreamUnavailableException)
        {
            return false;
        }
    }

    private async Task StartUpstreamAsync() => upstream = await FixtureProcess.StartAsync(port, "--modern", "--tasks", "--ledger", LedgerFile, "--away", Story.File("away"));

    private static UpstreamConfig Config(int port) => new("up", "up", "http", null, [], new Dictionary<string, string>(), null,
        new Uri($"http://127.0.0.1:{port}/mcp"), new Dictionary<string, string>());
}
