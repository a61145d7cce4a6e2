using System.Text;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;

namespace McpGovern.Tests.Calls;

/// <summary>A gated call that its caller has as a task, and whose upstream has questions.</summary>
public sealed class TaskInputStories
{
    private const string Declared = """{"elicitation":{"form":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}""";
    private const string Who = """{"who": {"action":"accept","content":{"n":1.50}}}""", Why = """{"why":{"action":"decline"}}""";
    private const string Both = """{"who":{"action":"accept","content":{"n":1.50}},"why":{"action":"decline"}}""", Two = """{"two":true}""";

    [Fact]
    public async Task LastAnswer_ParksTheNextRoundAsACardOfItsOwn_WhichRunsOnce()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await AskedAsync(gateway);
        Assert.Equal(["who", "why"], await OpenAsync(gateway, id));

        Assert.Null(await GiveAsync(gateway, id, """{"why":{"action":"decline"},"what":1}"""));
        Assert.Equal(["who"], await OpenAsync(gateway, id));
        Assert.Null(await GiveAsync(gateway, id, """{"why":{"action":"accept"}}"""));
        Assert.Null(await GiveAsync(gateway, id, Who));

        var card = await gateway.ViewAsync(await gateway.PendingAsync());
        Assert.Equal((id, """{"why":{"action":"decline"},"who":{"action":"accept","content":{"n":1.50}}}"""), (card.Continues, card.InputResponses));
        Assert.Equal(card.CallId, (await gateway.ViewAsync(id)).ContinuedBy);
        Assert.Contains($"continued by    {card.CallId}", McpGovern.Cli.Printed.Call(await gateway.ViewAsync(id)), StringComparison.Ordinal);
        Assert.Null(await gateway.Queries.OutcomeAsync(await TaskAsync(gateway, id)));
        Assert.Single(story.Ledger);

        await gateway.ApproveAsync(card.CallId);
        Assert.Equal(card.InputResponses, (await EndAsync(gateway, id)).Json.GetProperty("answers").GetRawText());
        Assert.Equal(2, story.Ledger.Length);
        Assert.Equal("CallSubmitted ToolApprovalRequired ApprovalReceived DispatchStarted CallSucceeded InputReceived InputReceived", await gateway.HistoryAsync(id));
    }

    [Fact]
    public async Task Answers_GivenToDifferentProcesses_AreAllThere()
    {
        await using var story = new Story(Story.Gated);
        var before = await StartAsync(story);
        var id = await AskedAsync(before);
        await GiveAsync(before, id, Why);
        await story.StopAsync(before);

        var gateway = await StartAsync(story);
        Assert.Equal(["who"], await OpenAsync(gateway, id));
        await GiveAsync(gateway, id, Who);
        await gateway.ApproveAsync(await gateway.PendingAsync());

        Assert.Equal(Both.Length, (await EndAsync(gateway, id)).Json.GetProperty("answers").GetRawText().Length);
    }

    /// <summary>Allowed by then, it runs without anybody who waits; what came of it is kept for the task.</summary>
    [Fact]
    public async Task NextRound_UnderAPolicyThatAllowsItByNow_RunsAndIsKeptForTheTask()
    {
        await using var story = new Story(Story.Gated);
        var before = await StartAsync(story);
        var id = await AskedAsync(before, """{"two":true,"rounds":2}""");
        await story.StopAsync(before);
        story.WritePolicy(Story.Open);
        var gateway = await StartAsync(story);

        await GiveAsync(gateway, id, Both);
        await Eventually.TrueAsync(async () => (await OpenAsync(gateway, id)).Length == 2, () => "the second round does not ask");
        await GiveAsync(gateway, id, Both);

        Assert.Equal(Both, (await EndAsync(gateway, id)).Json.GetProperty("answers").GetRawText());
        Assert.Equal(3, story.Ledger.Length);
        Assert.Equal(["succeeded", "succeeded", "succeeded"], (await gateway.AllAsync()).Select(c => c.Status));
        Assert.Contains("done", (await gateway.ResultAsync(id)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NextRound_UnderAPolicyThatDeniesItByNow_EndsTheTaskInWords()
    {
        await using var story = new Story(Story.Gated);
        var before = await StartAsync(story);
        var id = await AskedAsync(before);
        await story.StopAsync(before);
        story.WritePolicy("default: deny");
        var gateway = await StartAsync(story);

        await GiveAsync(gateway, id, Both);

        var told = await EndAsync(gateway, id);
        Assert.True(told.IsError);
        Assert.Equal("denied", (await gateway.AllAsync())[1].Status);
        Assert.Single(story.Ledger);
    }

    [Fact]
    public async Task NextRound_OfAToolThatIsGone_EndsTheTaskInWords()
    {
        await using var story = new Story(Story.Gated);
        story.Define("""{"name":"form","inputSchema":{"type":"object"}}""");
        var before = await StartAsync(story, extra: false);
        var id = await AskedAsync(before);
        await story.StopAsync(before);
        story.Define();
        var gateway = await StartAsync(story, extra: false);
        await gateway.Tools.ListAsync(Story.Agent, default);
        await Eventually.TrueAsync(async () => !(await gateway.Tools.ListAsync(Story.Agent, default)).Any(t => t.Contains("\"form\"", StringComparison.Ordinal)), () => "the tool stays");

        await GiveAsync(gateway, id, Both);

        Assert.True((await EndAsync(gateway, id)).IsError);
        Assert.Contains("no tool 'form' any more", (await gateway.AllAsync())[1].Reason, StringComparison.Ordinal);
        Assert.Single(story.Ledger);
    }

    /// <summary>Two processes over one store, and many who give the last answer: the first named the round, and it is made once.</summary>
    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task LastAnswers_GivenAtOnce_MakeOneRound(string store)
    {
        await using var story = new Story(Story.Gated);
        var text = store == "postgres" ? await PostgresServer.CreateDatabaseAsync() : null;
        Gateway[] gateways = [await StartAsync(story, text: text), await StartAsync(story, text: text)];
        var id = await AskedAsync(gateways[0]);
        await GiveAsync(gateways[0], id, Why);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => GiveAsync(gateways[i % 2], id, $$"""{"who":{{i}}}""")));

        var calls = await gateways[0].AllAsync();
        Assert.Equal(["succeeded", "pending"], calls.Select(c => c.Status));
        var given = (await gateways[0].EventsAsync(id)).OfType<InputReceived>().ToArray();
        Assert.Equal((2, calls[1].CallId), (given.Length, given[1].ContinuedBy));
        Assert.Contains(given[1].Responses[1..^1], calls[1].InputResponses, StringComparison.Ordinal);
    }

    /// <summary>As after a process that died between the last answer's record and the round's: whoever asks next makes it, all at once make one.</summary>
    [Theory]
    [InlineData(Story.Gated, "pending")]
    [InlineData(Story.Open, "succeeded")]
    public async Task Round_ThatAProcessDiedBeforeMaking_IsMadeUpForOnce(string policy, string status)
    {
        await using var story = new Story(Story.Gated);
        var before = await StartAsync(story);
        var id = await AskedAsync(before);
        var next = TestCalls.NewId();
        await before.Store.AppendAsync(
            TestCalls.Of(id, await before.EventsAsync(id), [new InputReceived(Story.Agent.Id, Both, next, story.Time.GetUtcNow())]), default);
        await story.StopAsync(before);
        story.WritePolicy(policy);
        Gateway[] gateways = [await StartAsync(story), await StartAsync(story)];

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => i % 3 == 0 ? gateways[i % 2].ResultAsync(id)
            : i % 3 == 1 ? GiveAsync(gateways[i % 2], id, Who) : (Task)TaskAsync(gateways[i % 2], id)));

        await gateways[0].UntilAsync(next, status);
        Assert.Equal([id, next], (await gateways[0].AllAsync()).Select(c => c.CallId));
        Assert.Equal(status == "pending" ? 1 : 2, story.Ledger.Length);
    }

    [Fact]
    public async Task Round_ThatAProcessDiedBeforeMaking_IsNotMadeByOneWithoutItsUpstream()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await AskedAsync(gateway);
        var stranger = await story.StartAsync(serve: false, upstreams: []);

        await GiveAsync(stranger, id, Both);
        Assert.True((await TaskAsync(stranger, id)).IsOpen);
        Assert.Single(await gateway.AllAsync());

        await TaskAsync(gateway, id);
        await gateway.PendingAsync();
    }

    [Fact]
    public async Task Cancel_OfATaskThatWaitsForAnswers_EndsIt()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await AskedAsync(gateway);
        await GiveAsync(gateway, id, Why);

        Assert.Equal("recorded", (await CancelAsync(gateway, id)).Answer);
        await GiveAsync(gateway, id, Who);

        Assert.Equal("cancelled", (await gateway.ViewAsync(id)).Status);
        Assert.Contains("were not answered", (await EndAsync(gateway, id)).Text, StringComparison.Ordinal);
        Assert.Single(await gateway.AllAsync());
        // It may be asked for anew, and that is another call.
        Assert.NotEqual(id, await ParkAsync(gateway, Two));
    }

    [Fact]
    public async Task Cancel_OfATaskInItsNextRound_CancelsThat()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await AskedAsync(gateway);
        await GiveAsync(gateway, id, Both);
        var next = await gateway.PendingAsync();

        Assert.Equal("finished", (await CancelAsync(gateway, id)).Answer);
        Assert.Equal("recorded", (await CancelAsync(gateway, (await TaskAsync(gateway, id)).Current.Id)).Answer);

        Assert.Equal(["succeeded", "cancelled"], (await gateway.AllAsync()).Select(c => c.Status));
        Assert.Equal(next, (await EndAsync(gateway, id)).CallId);
    }

    /// <summary>An upstream that has no question and only wants to be asked again: nobody is bothered, and the next card is there.</summary>
    [Fact]
    public async Task Task_WhoseUpstreamOnlyGivesAState_GoesOnByItself()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await ParkAsync(gateway, """{"silent":true}""");
        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");

        Assert.Empty(await OpenAsync(gateway, id));
        var next = await gateway.PendingAsync();
        await gateway.ApproveAsync(next);

        Assert.Equal("null", (await EndAsync(gateway, id)).Json.GetProperty("answers").GetRawText());
        Assert.Null((await gateway.ViewAsync(next)).InputResponses);
    }

    [Theory]
    [InlineData("""{"who":{"a":1,"a":2}}""", "duplicate key")]
    [InlineData("""{"who":"_"}""", "caps.gated_arguments")]
    public async Task Answers_ThatCannotBeTaken_AreNotRecorded(string responses, string why)
    {
        await using var story = new Story(Story.Gated) { Limits = new(1000, 1 << 20, 1000) };
        var gateway = await StartAsync(story);
        var id = await AskedAsync(gateway);

        Assert.Contains(why, await GiveAsync(gateway, id, responses.Replace("_", new string('x', 1000), StringComparison.Ordinal)), StringComparison.Ordinal);

        Assert.Equal(["who", "why"], await OpenAsync(gateway, id));
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

        await GiveAsync(gateway, id, Both);

        Assert.Null(await gateway.Queries.QuestionsAsync(await TaskAsync(gateway, id), default));
        Assert.Equal("finished", (await CancelAsync(gateway, id)).Answer);
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
        var id = await AskedAsync(gateway);
        await GiveAsync(gateway, id, Both);
        var next = await gateway.PendingAsync();

        if (asTask)
        {
            Assert.Equal(id, await ParkAsync(gateway, Two));
        }
        else
        {
            Assert.Contains($"{id} goes on as {next}", (await gateway.CallAsync("form", Two)).Text, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await gateway.AllAsync()).Count);
    }

    private static async Task<Gateway> StartAsync(Story story, bool extra = true, string? text = null)
    {
        var gateway = await story.StartAsync(upstreams: [story.Upstream("fake", extra ? ["--modern", "--extra", "form"] : ["--modern"])], storeText: text);
        await gateway.OpenAsync(default);
        return gateway;
    }

    private static async Task<string> ParkAsync(Gateway gateway, string arguments) => Assert.IsType<CallAnswer.Parked>(await gateway.Calls.HandleAsync(
        new ToolCallRequest(Story.Agent, "form", arguments) { AnswerParkedAtOnce = true, ClientCapabilities = Declared }, default)).Call.Id;

    /// <summary>A task that was approved once and whose upstream asked.</summary>
    private static async Task<string> AskedAsync(Gateway gateway, string arguments = Two)
    {
        var id = await ParkAsync(gateway, arguments);
        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");
        return id;
    }

    private static async Task<CallTask> TaskAsync(Gateway gateway, string id) => (await gateway.Queries.TaskAsync(Story.Agent, id, default))!;

    private static async Task<string[]> OpenAsync(Gateway gateway, string id) =>
        [.. (await gateway.Queries.QuestionsAsync(await TaskAsync(gateway, id), default))?.All.Select(q => q.Key.Name) ?? []];

    private static async Task<string?> GiveAsync(Gateway gateway, string id, string responses) =>
        await gateway.Rounds.GiveAsync(Story.Agent, (await TaskAsync(gateway, id)).Current, responses, default);

    private static Task<DecisionAnswer> CancelAsync(Gateway gateway, string id) => gateway.Decisions.CancelAsync(new(Story.Agent, id, "mcp", null), default);

    private static async Task<Told> EndAsync(Gateway gateway, string id)
    {
        CallAnswer? end = null;
        await Eventually.TrueAsync(async () => (end = await gateway.Queries.OutcomeAsync(await TaskAsync(gateway, id))) is not null, () => $"{id} does not end");
        return new(end!);
    }
}
