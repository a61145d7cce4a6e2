using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using static McpGovern.Tests.Calls.TaskTalk;

namespace McpGovern.Tests.Calls;

/// <summary>A gated call that its caller has as a task, and whose upstream has questions: the round that the last answer begins.</summary>
public sealed class TaskRoundStories
{
    /// <summary>Allowed by then, it runs without anybody who waits; what came of it is kept for the task.</summary>
    [Fact]
    public async Task NextRound_UnderAPolicyThatAllowsItByNow_RunsAndIsKeptForTheTask()
    {
        await using var story = new Story(Story.Gated);
        var before = await StartAsync(story);
        var id = await before.AskedAsync("""{"two":true,"rounds":2}""");
        await story.StopAsync(before);
        story.WritePolicy(Story.Open);
        var gateway = await StartAsync(story);

        await gateway.GiveAsync(id, Both);
        await Eventually.TrueAsync(async () => (await gateway.OpenAsync(id)).Length == 2, () => "the second round does not ask");
        await gateway.GiveAsync(id, Both);

        Assert.Equal(Both, (await gateway.EndAsync(id)).Json.GetProperty("answers").GetRawText());
        Assert.Equal(3, story.Ledger.Length);
        Assert.Equal(["succeeded", "succeeded", "succeeded"], (await gateway.AllAsync()).Select(c => c.Status));
        Assert.Contains("done", (await gateway.ResultAsync(id)).Text, StringComparison.Ordinal);
    }

    /// <summary>It is recorded as on its way when it begins: a place that it waited for would keep it from what stops calls meanwhile.</summary>
    [Fact]
    public async Task NextRound_ThatIsAllowed_WaitsForNoPlaceBesideCallsThatHang()
    {
        await using var story = new Story(Story.Gated);
        var before = await StartAsync(story);
        var id = await before.AskedAsync();
        await story.StopAsync(before);
        story.WritePolicy("default: allow\nrequire_approval_for: [hang]");
        var gateway = await StartAsync(story);
        for (var n = 0; n < 20; n++)
        {
            await gateway.ApproveAsync(await gateway.ParkAsync("hang", $$"""{"n":{{n}}}"""));
        }

        await Eventually.TrueAsync(() => story.Ledger.Count(line => line.StartsWith("hang", StringComparison.Ordinal)) == 16, () => "they were not sent");
        await gateway.GiveAsync(id, Both);

        Assert.Equal(Both, (await gateway.EndAsync(id)).Json.GetProperty("answers").GetRawText());
    }

    [Fact]
    public async Task NextRound_UnderAPolicyThatDeniesItByNow_EndsTheTaskInWords()
    {
        await using var story = new Story(Story.Gated);
        var before = await StartAsync(story);
        var id = await before.AskedAsync();
        await story.StopAsync(before);
        story.WritePolicy("default: deny");
        var gateway = await StartAsync(story);

        await gateway.GiveAsync(id, Both);

        var told = await gateway.EndAsync(id);
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
        var id = await before.AskedAsync();
        await story.StopAsync(before);
        story.Define();
        var gateway = await StartAsync(story, extra: false);
        await gateway.Tools.ListAsync(Story.Agent, default);
        await Eventually.TrueAsync(async () => !(await gateway.Tools.ListAsync(Story.Agent, default)).Any(t => t.Contains("\"form\"", StringComparison.Ordinal)), () => "the tool stays");

        await gateway.GiveAsync(id, Both);

        Assert.True((await gateway.EndAsync(id)).IsError);
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
        var id = await gateways[0].AskedAsync();
        await gateways[0].GiveAsync(id, Why);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => gateways[i % 2].GiveAsync(id, $$"""{"who":{{i}}}""")));

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
        var id = await before.AskedAsync();
        var next = TestCalls.NewId();
        await before.Store.AppendAsync(
            TestCalls.Of(id, await before.EventsAsync(id), [new InputReceived(Story.Agent.Id, Both, next, story.Time.GetUtcNow())]), default);
        await story.StopAsync(before);
        story.WritePolicy(policy);
        Gateway[] gateways = [await StartAsync(story), await StartAsync(story)];

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => i % 3 == 0 ? gateways[i % 2].ResultAsync(id)
            : i % 3 == 1 ? gateways[i % 2].GiveAsync(id, Who) : (Task)gateways[i % 2].TaskAsync(id)));

        await gateways[0].UntilAsync(next, status);
        Assert.Equal([id, next], (await gateways[0].AllAsync()).Select(c => c.CallId));
        Assert.Equal(status == "pending" ? 1 : 2, story.Ledger.Length);
    }

    [Fact]
    public async Task Round_ThatAProcessDiedBeforeMaking_IsNotMadeByOneWithoutItsUpstream()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await gateway.AskedAsync();
        var stranger = await story.StartAsync(serve: false, upstreams: []);

        await stranger.GiveAsync(id, Both);
        Assert.True((await stranger.TaskAsync(id)).IsOpen);
        Assert.Single(await gateway.AllAsync());

        await gateway.TaskAsync(id);
        await gateway.PendingAsync();
    }

    /// <summary>An upstream that has no question and only wants to be asked again: nobody is bothered, and the next card is there.</summary>
    [Fact]
    public async Task Task_WhoseUpstreamOnlyGivesAState_GoesOnByItself()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await gateway.ParkTaskAsync("""{"silent":true}""");
        await gateway.ApproveAsync(id);
        await gateway.UntilAsync(id, "succeeded");

        Assert.Empty(await gateway.OpenAsync(id));
        var next = await gateway.PendingAsync();
        await gateway.ApproveAsync(next);

        Assert.Equal("null", (await gateway.EndAsync(id)).Json.GetProperty("answers").GetRawText());
        Assert.Null((await gateway.ViewAsync(next)).InputResponses);
    }
}
