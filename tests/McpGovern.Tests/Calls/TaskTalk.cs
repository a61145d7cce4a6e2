using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Calls;

/// <summary>What the stories do with a gated call that its caller has as a task, and whose upstream asks.</summary>
internal static class TaskTalk
{
    public const string Declared = """{"elicitation":{"form":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}""", Two = """{"two":true}""";

    /// <summary>Answers to what the tool <c>form</c> asks.</summary>
    public const string Who = """{"who": {"action":"accept","content":{"n":1.50}}}""", Why = """{"why":{"action":"decline"}}""",
        Both = """{"who":{"action":"accept","content":{"n":1.50}},"why":{"action":"decline"}}""";

    /// <param name="extra">Whether the tool is there whatever the story defines.</param>
    /// <param name="text">Another store than the story's own.</param>
    public static async Task<Gateway> StartAsync(Story story, bool extra = true, string? text = null)
    {
        var gateway = await story.StartAsync(upstreams: [story.Upstream("fake", extra ? ["--modern", "--extra", "form"] : ["--modern"])], storeText: text);
        await gateway.OpenAsync(default);
        return gateway;
    }

    public static async Task<string> ParkTaskAsync(this Gateway gateway, string arguments) => Assert.IsType<CallAnswer.Parked>(await gateway.Calls.HandleAsync(
        new ToolCallRequest(Story.Agent, "form", arguments) { AnswerParkedAtOnce = true, ClientCapabilities = Declared }, default)).Call.Id;

    /// <summary>A task that was approved once and whose upstream asked.</summary>
    public static async Task<string> AskedAsync(this Gateway gateway, string arguments = Two)
    {
        var id = await gateway.ParkTaskAsync(arguments);
        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");
        return id;
    }

    public static async Task<CallTask> TaskAsync(this Gateway gateway, string id) => (await gateway.Queries.TaskAsync(Story.Agent, id, default))!;

    public static async Task<string[]> OpenAsync(this Gateway gateway, string id) =>
        [.. (await gateway.Queries.QuestionsAsync(await gateway.TaskAsync(id), default))?.All.Select(q => q.Key.Name) ?? []];

    public static async Task<string?> GiveAsync(this Gateway gateway, string id, string responses) =>
        await gateway.Rounds.GiveAsync(Story.Agent, (await gateway.TaskAsync(id)).Current, responses, default);

    public static Task<DecisionAnswer> CancelAsync(this Gateway gateway, string id) => gateway.Decisions.CancelAsync(new(Story.Agent, id, "mcp", null), default);

    public static async Task<Told> EndAsync(this Gateway gateway, string id)
    {
        CallAnswer? end = null;
        await Eventually.TrueAsync(async () => (end = await gateway.Queries.OutcomeAsync(await gateway.TaskAsync(id))) is not null, () => $"{id} does not end");
        return new(end!);
    }
}
