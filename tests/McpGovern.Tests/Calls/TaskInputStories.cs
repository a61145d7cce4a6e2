using McpGovern.Calls;
using McpGovern.Tests.Processes;
using static McpGovern.Tests.Calls.TaskTalk;

namespace McpGovern.Tests.Calls;

/// <summary>A gated call that its caller has as a task, and whose upstream has questions: its answers.</summary>
public sealed class TaskInputStories
{
    [Fact]
    public async Task LastAnswer_ParksTheNextRoundAsACardOfItsOwn_WhichRunsOnce()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await gateway.AskedAsync();
        Assert.Equal(["who", "why"], await gateway.OpenAsync(id));

        Assert.Null(await gateway.GiveAsync(id, """{"why":{"action":"decline"},"what":1}"""));
        Assert.Equal(["who"], await gateway.OpenAsync(id));
        Assert.Null(await gateway.GiveAsync(id, """{"why":{"action":"accept"}}"""));
        Assert.Null(await gateway.GiveAsync(id, Who));

        var card = await gateway.ViewAsync(await gateway.PendingAsync());
        Assert.Equal((id, """{"why":{"action":"decline"},"who":{"action":"accept","content":{"n":1.50}}}"""), (card.Continues, card.InputResponses));
        Assert.Equal(card.CallId, (await gateway.ViewAsync(id)).ContinuedBy);
        Assert.Contains($"continued by    {card.CallId}", McpGovern.Cli.Printed.Call(await gateway.ViewAsync(id)), StringComparison.Ordinal);
        Assert.Null(await gateway.Queries.OutcomeAsync(await gateway.TaskAsync(id)));
        Assert.Single(story.Ledger);

        await gateway.ApproveAsync(card.CallId);
        Assert.Equal(card.InputResponses, (await gateway.EndAsync(id)).Json.GetProperty("answers").GetRawText());
        Assert.Equal(2, story.Ledger.Length);
        Assert.Equal("CallSubmitted ToolApprovalRequired ApprovalReceived DispatchStarted CallSucceeded InputReceived InputReceived", await gateway.HistoryAsync(id));
    }

    [Fact]
    public async Task Answers_GivenToDifferentProcesses_AreAllThere()
    {
        await using var story = new Story(Story.Gated);
        var before = await StartAsync(story);
        var id = await before.AskedAsync();
        await before.GiveAsync(id, Why);
        await story.StopAsync(before);

        var gateway = await StartAsync(story);
        Assert.Equal(["who"], await gateway.OpenAsync(id));
        await gateway.GiveAsync(id, Who);
        await gateway.ApproveAsync(await gateway.PendingAsync());

        Assert.Equal(Both.Length, (await gateway.EndAsync(id)).Json.GetProperty("answers").GetRawText().Length);
    }

    [Fact]
    public async Task Cancel_OfATaskThatWaitsForAnswers_EndsIt()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await gateway.AskedAsync();
        await gateway.GiveAsync(id, Why);

        Assert.Equal("recorded", (await gateway.CancelAsync(id)).Answer);
        await gateway.GiveAsync(id, Who);

        Assert.Equal("cancelled", (await gateway.ViewAsync(id)).Status);
        Assert.Contains("were not answered", (await gateway.EndAsync(id)).Text, StringComparison.Ordinal);
        Assert.Single(await gateway.AllAsync());
        // It may be asked for anew, and that is another call.
        Assert.NotEqual(id, await gateway.ParkTaskAsync(Two));
    }

    [Fact]
    public async Task Cancel_OfATaskInItsNextRound_CancelsThat()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await gateway.AskedAsync();
        await gateway.GiveAsync(id, Both);
        var next = await gateway.PendingAsync();

        Assert.Equal("finished", (await gateway.CancelAsync(id)).Answer);
        Assert.Equal("recorded", (await gateway.CancelAsync((await gateway.TaskAsync(id)).Current.Id)).Answer);

        Assert.Equal(["succeeded", "cancelled"], (await gateway.AllAsync()).Select(c => c.Status));
        Assert.Equal(next, (await gateway.EndAsync(id)).CallId);
    }

    [Theory]
    [InlineData("""{"who":{"a":1,"a":2}}""", "duplicate key")]
    [InlineData("""{"who":"_"}""", "caps.gated_arguments")]
    public async Task Answers_ThatCannotBeTaken_AreNotRecorded(string responses, string why)
    {
        await using var story = new Story(Story.Gated) { Limits = new(1000, 1 << 20, 1000) };
        var gateway = await StartAsync(story);
        var id = await gateway.AskedAsync();

        Assert.Contains(why, await gateway.GiveAsync(id, responses.Replace("_", new string('x', 1000), StringComparison.Ordinal)), StringComparison.Ordinal);

        Assert.Equal(["who", "why"], await gateway.OpenAsync(id));
    }

    [Fact]
    public async Task Answers_OfSomebodyWhoMayNotCallAnyMore_OrOfSomebodyElse_AreNotTaken()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await gateway.AskedAsync();
        var call = (await gateway.TaskAsync(id)).Current;

        Assert.Equal("you may not call tools", await gateway.Rounds.GiveAsync(Story.Agent with { Roles = Roles.Approver }, call, Both, default));
        await gateway.Rounds.GiveAsync(Story.Alice, call, Both, default);

        Assert.Null(await gateway.Queries.TaskAsync(Story.Alice, id, default));
        Assert.Equal(["who", "why"], await gateway.OpenAsync(id));
    }

    /// <summary>A caller that waited for its call is asked with the call itself, and has no task that asks.</summary>
    [Fact]
    public async Task Call_OfACallerWithoutTasks_TakesNoAnswersBesideItsOwn()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        await gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, "form", """{"rude":true}""") { Caller = new TestCaller() }, default);
        var id = await gateway.PendingAsync();
        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");

        await gateway.GiveAsync(id, Both);

        Assert.Null(await gateway.Queries.QuestionsAsync(await gateway.TaskAsync(id), default));
        Assert.Equal("finished", (await gateway.CancelAsync(id)).Answer);
        Assert.Single(await gateway.AllAsync());
    }

    /// <summary>Whoever sends an answered call again is told where it goes on, and starts nothing.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_SentAgainWhileItsNextRoundIsDecided_IsToldOfThat(bool asTask)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await gateway.AskedAsync();
        await gateway.GiveAsync(id, Both);
        var next = await gateway.PendingAsync();

        if (asTask)
        {
            Assert.Equal(id, await gateway.ParkTaskAsync(Two));
        }
        else
        {
            Assert.Contains($"{id} goes on as {next}", (await gateway.CallAsync("form", Two)).Text, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await gateway.AllAsync()).Count);
    }
}
