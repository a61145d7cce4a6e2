using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Tests.Calls;

/// <summary>What a caller declared that got its gated call as a task, and is not there when the call runs.</summary>
public sealed class RecordedCallerStories
{
    private const string
        Declared = """{"sampling":{}, "elicitation":{"form":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}""",
        Canonical = """{"elicitation":{"form":{}},"extensions":{"io.modelcontextprotocol/tasks":{}},"sampling":{}}""",
        OnlyTasks = """{"extensions":{"io.modelcontextprotocol/tasks":{}}}""";

    [Fact]
    public async Task Task_WhoseCallerHasGone_TellsItsUpstreamWhatWasDeclared_EvenFromTheNextProcess()
    {
        await using var story = new Story(Story.Gated);
        var before = await StartAsync(story);
        var id = await ParkAsync(before, "echo");
        Assert.Equal(Canonical, (await SubmittedAsync(before, id)).ClientCapabilities);
        await story.StopAsync(before);

        var gateway = await StartAsync(story);
        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");

        // Of the extensions the upstream is told of tasks alone.
        Assert.Contains(
            """/clientCapabilities":{"elicitation":{"form":{}},"sampling":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}""",
            (await gateway.ResultAsync(id)).Json.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Declared, true)]
    [InlineData(OnlyTasks, false)]
    public async Task Task_WhoseUpstreamWouldAsk_IsAskedOnlyWhereItsCallerCanBe(string declared, bool asks)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await ParkAsync(gateway, "form", declared);

        await gateway.ApproveAsync(id);

        Assert.Equal(asks, (await gateway.UntilAsync(id, "succeeded")).InputRequired);
    }

    /// <summary>An upstream of the older revisions asks in the middle of the call, when nobody is there.</summary>
    [Fact]
    public async Task Task_WhoseUpstreamAsksInTheMiddle_IsNotAnswered()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story, "--extra", "elicit");
        var id = await ParkAsync(gateway, "elicit");

        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");

        Assert.Contains("cancel", (await gateway.ResultAsync(id)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_OfACallerThatWaits_RecordsNothingOfIt()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);

        await gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, "form", "{}") { ClientCapabilities = Declared }, default);

        Assert.Null((await SubmittedAsync(gateway, await gateway.PendingAsync())).ClientCapabilities);
    }

    private static Task<Gateway> StartAsync(Story story, params string[] options) =>
        story.StartAsync(upstreams: [story.Upstream("fake", options.Length > 0 ? options : ["--modern", "--extra", "form"])]);

    private static async Task<string> ParkAsync(Gateway gateway, string tool, string declared = Declared) => Assert.IsType<CallAnswer.Parked>(
        await gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, tool, "{}") { AnswerParkedAtOnce = true, ClientCapabilities = declared }, default)).Call.Id;

    private static async Task<CallSubmitted> SubmittedAsync(Gateway gateway, string id) => (CallSubmitted)(await gateway.EventsAsync(id))[0];
}
