using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Cli;
using McpGovern.Server;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Calls;

/// <summary>An upstream of the stateless revision that has questions before it goes on.</summary>
public sealed class InputStories
{
    private const string Answers = """{ "who": {"action":"accept","content":{"name":"ann"}} }""";

    [Fact]
    public async Task Call_ThatIsAnsweredWithQuestions_HasSucceeded_AndItsNextRoundIsACallOfItsOwn()
    {
        await using var story = new Story(Story.Open);
        var gateway = await StartAsync(story);

        var asked = Assert.IsType<CallAnswer.InputRequired>(await SendAsync(gateway));
        var told = new Told(await SendAsync(gateway, new(asked.Call.Id, Answers, StateOf(asked))));

        Assert.Equal("""{"who":{"action":"accept","content":{"name":"ann"}}}""", told.Json.GetProperty("answers").GetRawText());
        var calls = await gateway.AllAsync();
        Assert.Equal(["succeeded True", "succeeded False"], calls.Select(c => $"{c.Status} {c.InputRequired}"));
        Assert.Equal((asked.Call.Id, """{"who":{"action":"accept","content":{"name":"ann"}}}"""), (calls[1].Continues, calls[1].InputResponses));
        Assert.Equal("CallSubmitted CallAllowed DispatchStarted CallSucceeded", await gateway.HistoryAsync(calls[1].CallId));
        Assert.Equal(2, story.Ledger.Length);
    }

    [Theory]
    [InlineData("default: deny", "denied")]
    [InlineData(Story.Gated, "pending")]
    public async Task NextRound_UnderAPolicyThatHasChanged_IsNotSent(string policy, string status)
    {
        await using var story = new Story(Story.Open);
        var before = await StartAsync(story);
        var asked = Assert.IsType<CallAnswer.InputRequired>(await SendAsync(before));
        story.WritePolicy(policy);
        var gateway = await StartAsync(story, hold: TimeSpan.Zero);

        await SendAsync(gateway, new(asked.Call.Id, Answers, StateOf(asked)));

        Assert.Equal(status, (await gateway.AllAsync())[1].Status);
        Assert.Single(story.Ledger);
    }

    [Fact]
    public async Task Gated_WhileItsCallerWaits_IsApprovedAgainWithTheAnswers()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var first = SendAsync(gateway);
        await gateway.ApproveAsync(await gateway.PendingAsync());
        var asked = Assert.IsType<CallAnswer.InputRequired>(await first);
        Assert.Single(story.Ledger);

        var second = SendAsync(gateway, new(asked.Call.Id, Answers, StateOf(asked)));
        var card = await gateway.ViewAsync(await gateway.PendingAsync());

        Assert.Equal((asked.Call.Id, """{"who":{"action":"accept","content":{"name":"ann"}}}"""), (card.Continues, card.InputResponses));
        Assert.NotEqual((await gateway.ViewAsync(asked.Call.Id)).CallHash, card.CallHash);
        foreach (var shown in (string[])[CallJson.Write(card), Printed.Call(card), Printed.List(new([card], null), [])])
        {
            Assert.Contains("""{"who":{"action":"accept","content":{"name":"ann"}}}""", shown, StringComparison.Ordinal);
        }

        Assert.Single(story.Ledger);
        await gateway.ApproveAsync(card.CallId);
        Assert.Equal("done", new Told(await second).Text);
        Assert.Equal(2, story.Ledger.Length);
    }

    [Fact]
    public async Task Gated_WithNobodyWaiting_DeclaresNothingAndIsNotAsked()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story, hold: TimeSpan.Zero);
        await SendAsync(gateway);
        var id = await gateway.PendingAsync();

        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");

        Assert.Contains("nobody to ask", (await gateway.ResultAsync(id)).Raw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gated_ThatAskedWhileNobodyWaited_GivesItsQuestionsToWhoSendsItAgain()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story, hold: TimeSpan.Zero);
        await SendAsync(gateway, arguments: """{"rude":true}""");
        var id = await gateway.PendingAsync();
        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");

        var told = await gateway.ResultAsync(id);
        var asked = Assert.IsType<CallAnswer.InputRequired>(await SendAsync(gateway, arguments: """{"rude":true}"""));

        Assert.True(told.IsError);
        Assert.Contains("Call the tool again with the same arguments", told.Text, StringComparison.Ordinal);
        Assert.Equal(id, asked.Call.Id);
        Assert.Single(story.Ledger);
    }

    [Fact]
    public async Task NextRound_SentAgain_AttachesAndWithOtherAnswersDoesNot()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story, hold: TimeSpan.Zero);
        await SendAsync(gateway, arguments: """{"rude":true}""");
        var id = await gateway.PendingAsync();
        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");

        foreach (var answers in (string[])[Answers, Answers.Replace(" ", "", StringComparison.Ordinal), """{"who":{"action":"decline"}}"""])
        {
            await SendAsync(gateway, new(id, answers, "\"state-1\""), """{"rude":true}""");
        }

        var cards = (await gateway.AllAsync()).Where(c => c.Status == "pending").ToArray();
        Assert.Equal(2, cards.Length);
        Assert.NotEqual(cards[0].CallHash, cards[1].CallHash);
    }

    private static Task<McpGovern.Server.Gateway> StartAsync(Story story, TimeSpan? hold = null) =>
        story.StartAsync(hold ?? Story.Long, upstreams: [Asking(story.Upstream())]);

    private static UpstreamConfig Asking(UpstreamConfig config) => config with { Args = [.. config.Args, "--modern", "--extra", "form"] };

    private static Task<CallAnswer> SendAsync(McpGovern.Server.Gateway gateway, Continuation? round = null, string arguments = "{}") =>
        gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, "form", arguments) { Caller = new TestCaller(), Continues = round }, default);

    private static string StateOf(CallAnswer.InputRequired asked) =>
        JsonElement.Parse(Encoding.UTF8.GetString(asked.Json.Span)).GetProperty("requestState").GetRawText();
}
