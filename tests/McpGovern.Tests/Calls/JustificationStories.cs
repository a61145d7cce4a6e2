using McpGovern.Calls;
using McpGovern.Tests.Processes;
using static McpGovern.Tests.Calls.TaskTalk;

namespace McpGovern.Tests.Calls;

/// <summary>What an agent says for itself goes with its call wherever that goes on, and is no part of what the call is.</summary>
public sealed class JustificationStories
{
    private const string Claim = "the invoice is due", Other = "the manager said so";

    [Fact]
    public async Task Call_ThatDiffersInItsJustificationAlone_IsTheSameCardWithTheFirstText()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var card = await gateway.ParkAsync("echo", """{"n":1}""", justification: Claim);
        var hash = (await gateway.ViewAsync(card)).CallHash;

        Assert.Equal(card, (await gateway.CallAsync("echo", """{"n":1}""", justification: Other)).CallId);
        Assert.Equal(card, (await gateway.CallAsync("echo", """{"n":1}""")).CallId);

        var call = Assert.Single(await gateway.AllAsync());
        Assert.Equal((Claim, hash), (call.Justification, call.CallHash));
    }

    [Theory]
    [InlineData(Story.Open)]
    [InlineData("default: deny")]
    public async Task Call_ThatNobodyDecides_IsRecordedWithItToo(string policy)
    {
        await using var story = new Story(policy);
        var gateway = await story.StartAsync();

        await gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, "echo", "{}") { Justification = Claim }, default);

        Assert.Equal(Claim, Assert.Single(await gateway.AllAsync()).Justification);
    }

    [Fact]
    public async Task Successor_OfACallThatChanged_KeepsIt()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var card = await gateway.ParkAsync("echo", justification: Claim);

        story.WritePolicy("require_approval_for: [{ tools: [\"*\"], approvers: [alice] }]");

        var next = (await gateway.UntilAsync(card, "invalidated")).SupersededBy!;
        Assert.Equal(Claim, (await gateway.UntilAsync(next, "pending")).Justification);
    }

    [Theory]
    [InlineData(null, Claim)]
    [InlineData(Other, Other)]
    public async Task NextRound_OfACaller_KeepsItUnlessTheCallerSaysSomethingNew(string? said, string kept)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var before = await gateway.ParkAsync("echo", justification: Claim);

        var round = await gateway.Rounds.ClaimAsync(Story.Agent, new(before, Both, null), default);
        var told = new Told(await gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, "echo", "{}") { Continues = round, Justification = said }, default));

        Assert.Equal((before, kept), ((await gateway.ViewAsync(told.CallId)).Continues, (await gateway.ViewAsync(told.CallId)).Justification));
    }

    [Fact]
    public async Task NextRound_OfATask_KeepsIt()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var asked = new ToolCallRequest(Story.Agent, "form", Two) { AnswerParkedAtOnce = true, ClientCapabilities = Declared, Justification = Claim };
        var id = Assert.IsType<CallAnswer.Parked>(await gateway.Calls.HandleAsync(asked, default)).Call.Id;
        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");

        await gateway.GiveAsync(id, Both);

        var next = await gateway.PendingAsync();
        Assert.Equal((id, Claim), ((await gateway.ViewAsync(next)).Continues, (await gateway.ViewAsync(next)).Justification));
    }
}
