using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Tests.Calls;

/// <summary>A read and a prompt are governed like a tool's call: recorded, allowed, denied, or parked and run once.</summary>
public sealed class ResourceStories
{
    private const string Uri = "test://fake/one", Arguments = """{"who":"\u00e9", "n":"1.50"}""";

    [Fact]
    public async Task Read_ThatIsAllowed_IsRecordedAndReturnsTheBytes()
    {
        await using var story = new Story(Story.Open);
        var gateway = await StartAsync(story);

        var result = Assert.IsType<CallAnswer.Result>(await ReadAsync(gateway));

        Assert.Equal($$"""{ "contents":[{"uri":"{{Uri}}","text":"\ud800 of fake","x":1.0}],"vendor":1E2}""", Text(result));
        var call = Assert.Single(await gateway.AllAsync());
        Assert.Equal(("succeeded", "resources/read", $"resource:{Uri}", $"resource:fake.{Uri}", $$"""{"uri":"{{Uri}}"}"""),
            (call.Status, call.Method, call.Tool, call.NodeId, call.Arguments));
        Assert.Equal([$"read \"{Uri}\""], story.Ledger);
    }

    [Fact]
    public async Task Prompt_ThatIsAllowed_ArrivesWithItsArgumentsVerbatim()
    {
        await using var story = new Story(Story.Open);
        var gateway = await StartAsync(story);

        var result = Assert.IsType<CallAnswer.Result>(await PromptAsync(gateway));

        Assert.Equal("""{ "messages":[{"role":"user","content":{"type":"text","text":"of fake"} }],"x":1.0}""", Text(result));
        Assert.Equal(("prompts/get", "prompt:greet", "prompt:fake.greet"), (await gateway.AllAsync()).Select(c => (c.Method, c.Tool, c.NodeId)).Single());
        Assert.Equal("""prompt "greet" {"who":"\u00e9","n":"1.50"}""", Assert.Single(story.Ledger));
    }

    [Theory]
    [InlineData("default: allow\ndeny: ['resource:*', 'prompt:*']")]
    [InlineData("default: allow\ndeny: ['RESOURCE_*', 'resource:FAKE.*', 'prompt:GREET']")]
    [InlineData("allow: ['*']")]
    [InlineData("default: allow\ndeny: ['resource:test://fake/*', { tools: 'prompt:greet', when: { who: { exists: true } } }]")]
    public async Task Denied_AndUnknown_AreToldAlikeAndNotSent(string policy)
    {
        await using var story = new Story(policy);
        var gateway = await StartAsync(story);

        Assert.Equal(new CallAnswer.Error(-32002, "resource not found", null), await ReadAsync(gateway));
        Assert.Equal(new CallAnswer.Error(-32002, "resource not found", null), await ReadAsync(gateway, "test://fake/n o n e"));
        Assert.Equal(new CallAnswer.Error(-32602, "prompt not found", null), await PromptAsync(gateway));
        Assert.Equal(new CallAnswer.Error(-32602, "prompt not found", null), await PromptAsync(gateway, "none"));
        Assert.Equal(["denied", "denied"], (await gateway.AllAsync()).Select(c => c.Status));
        Assert.Empty(story.Ledger);
    }

    [Theory]
    [InlineData(CallMethod.Resource)]
    [InlineData(CallMethod.Prompt)]
    public async Task Parked_ThenApprovedAfterARestart_RunsOnceAndIsRedelivered(string method)
    {
        await using var story = new Story(Story.Gated);
        var parking = await StartAsync(story);
        var parked = Assert.IsType<CallAnswer.Error>(await AskAsync(parking, method));
        var meta = JsonElement.Parse(parked.DataJson!).GetProperty("mcpgovern/call");
        var callId = meta.GetProperty("call_id").GetString()!;
        Assert.Equal((OwnWords.NotRun, "pending"), (parked.Code, meta.GetProperty("status").GetString()));
        Assert.Contains("needs an approval", parked.Message, StringComparison.Ordinal);
        await story.StopAsync(parking);

        var next = await StartAsync(story);
        Assert.Contains(callId, Assert.IsType<CallAnswer.Error>(await AskAsync(next, method)).Message, StringComparison.Ordinal);
        await next.ApproveAsync(callId);
        await next.UntilAsync(callId, "succeeded");
        var again = Text(Assert.IsType<CallAnswer.Result>(await AskAsync(next, method)));

        Assert.True(JsonElement.Parse(again).GetProperty("_meta").GetProperty("mcpgovern/call").GetProperty("redelivered").GetBoolean());
        Assert.Contains("of fake", again, StringComparison.Ordinal);
        Assert.DoesNotContain("ran already", again, StringComparison.Ordinal);
        Assert.Single(story.Ledger);
        Assert.Contains("of fake", (await next.ResultAsync(callId)).Text, StringComparison.Ordinal);
        Assert.Null(await next.Queries.TaskAsync(Story.Agent, callId, default));
    }

    [Fact]
    public async Task Parked_ApprovedWhileItsAgentHolds_AnswersWithTheBytes()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story, hold: Story.Long);

        var asking = ReadAsync(gateway);
        await gateway.ApproveAsync(await gateway.PendingAsync());

        Assert.DoesNotContain("_meta", Text(Assert.IsType<CallAnswer.Result>(await asking)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parked_ThenRejected_SaysByWhom()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        await ReadAsync(gateway);

        await gateway.DecideAsync(await gateway.PendingAsync(), "rejected", comment: "not this file");

        var error = Assert.IsType<CallAnswer.Error>(await ReadAsync(gateway));
        Assert.Equal((OwnWords.NotRun, "approval rejected by alice: not this file"), (error.Code, error.Message));
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public async Task Approved_WithAPromptThatChanged_GoesOnAsAnotherCall()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        await PromptAsync(gateway);
        var callId = await gateway.PendingAsync();
        await story.StopAsync(gateway);
        story.Redescribe("quite another prompt");

        var next = await StartAsync(story);
        await next.ApproveAsync(callId);
        await next.UntilAsync(callId, "invalidated");

        Assert.Equal(["CallSubmitted ToolApprovalRequired ApprovalReceived ApprovalInvalidated"], [await next.HistoryAsync(callId)]);
        Assert.NotNull((await next.ViewAsync(callId)).SupersededBy);
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public async Task Read_OfWhatItsUpstreamDoesNotHave_ReturnsTheUpstreamsError()
    {
        await using var story = new Story(Story.Open);

        var error = await ReadAsync(await StartAsync(story), "test://fake/missing");

        Assert.Equal(new CallAnswer.Error(-32002, "Resource not found", """{"n":1.0}"""), error);
    }

    [Fact]
    public async Task Tool_ThatIsNamedLikeAResource_IsNotThere()
    {
        await using var story = new Story("default: allow\ndeny: ['*delete*']");
        var gateway = await story.StartAsync(upstreams: [story.Upstream("fake", "--extra", "resource:delete_all", "--extra", "Prompt:delete_all")]);

        Assert.DoesNotContain(await gateway.Tools.ListAsync(Story.Agent, default), json => json.Contains("delete", StringComparison.Ordinal));
        Assert.Contains(AgentText.NotAvailable, (await gateway.CallAsync("resource:delete_all")).Text, StringComparison.Ordinal);
        Assert.Empty(story.Ledger);
    }

    private static Task<Gateway> StartAsync(Story story, TimeSpan hold = default) =>
        story.StartAsync(hold, upstreams: [story.Upstream("fake", "--offers", "fake")]);

    private static Task<CallAnswer> AskAsync(Gateway gateway, string method) => method == CallMethod.Resource ? ReadAsync(gateway) : PromptAsync(gateway);

    private static Task<CallAnswer> ReadAsync(Gateway gateway, string uri = Uri) =>
        gateway.Calls.HandleAsync(new(Story.Agent, uri, $$"""{"uri":"{{uri}}"}""") { Method = CallMethod.Resource }, default);

    private static Task<CallAnswer> PromptAsync(Gateway gateway, string name = "greet") =>
        gateway.Calls.HandleAsync(new(Story.Agent, name, Arguments) { Method = CallMethod.Prompt }, default);

    private static string Text(CallAnswer.Result result) => System.Text.Encoding.UTF8.GetString(result.Json.Span);
}
