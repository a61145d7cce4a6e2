using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Calls;

/// <summary>An upstream that makes a task of what it is asked: the call goes on under its own handle, whoever follows it.</summary>
public sealed class UpstreamTaskStories
{
    private const string Asks = "confirm_delete", Yes = """{"confirm":{"action":"accept","content":{"confirm":true}}}""";

    private static readonly string[] Followed = ["CallSubmitted", "CallAllowed", "DispatchStarted", "UpstreamTaskFollowed"];

    [Fact]
    public async Task Task_OfTheUpstream_IsRecordedBeforeItsHandleIsGiven_AndItsResultIsKept()
    {
        await using var story = await TaskStory.StartAsync();
        var gateway = await story.GatewayAsync();

        var id = (await TaskStory.BeginAsync(gateway, "slow_compute", """{"seconds":1,"label":"x"}""")).Id;
        Assert.StartsWith(string.Join(' ', Followed), await gateway.HistoryAsync(id), StringComparison.Ordinal);
        await gateway.UntilAsync(id, "succeeded");

        Assert.Equal("""{"content":[{"type":"text","text":"computed x"}]}""", TaskStory.TextOf(await TaskStory.OutcomeAsync(gateway, id)));
        Assert.Equal(string.Join(' ', [.. Followed, "CallSucceeded", "ResultDelivered"]), await gateway.HistoryAsync(id));
        Assert.StartsWith("fixture-", (await gateway.ViewAsync(id)).UpstreamTask, StringComparison.Ordinal);
        Assert.Null(await gateway.Queries.TaskAsync(Story.Bob, id, default));
        Assert.Equal(["x"], story.Ledger);
    }

    [Fact]
    public async Task Task_IsNeverMade_ForACallerThatTakesNone()
    {
        await using var story = await TaskStory.StartAsync();
        var gateway = await story.GatewayAsync();

        var told = new Told(await TaskStory.AskAsync(gateway, "slow_compute", """{"seconds":0,"label":"x"}""", takesTasks: false));

        Assert.Equal("computed x", told.Text);
        Assert.Equal("CallSubmitted CallAllowed DispatchStarted CallSucceeded", await gateway.HistoryAsync((await gateway.AllAsync())[0].CallId));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Task_WhoseGatewayStops_IsFollowedByTheNextOne(bool gated)
    {
        await using var story = await TaskStory.StartAsync(gated ? Story.Gated : Story.Open);
        var first = await story.GatewayAsync();
        var id = await story.BeginUntilToldAsync(first, gated);

        await story.Story.StopAsync(first);
        var second = await story.GatewayAsync();
        await Eventually.TrueAsync(async () => (await second.EventsAsync(id)).OfType<UpstreamTaskFollowed>().Count() == 2, () => "the second does not follow it");
        story.EndTasks();
        await second.UntilAsync(id, "succeeded");

        Assert.Equal(["x"], story.Ledger);
        var events = await second.EventsAsync(id);
        Assert.Single(events.OfType<DispatchStarted>());
        Assert.Equal(2, events.OfType<UpstreamTaskFollowed>().Select(e => e.Process).Distinct().Count());
        Assert.Contains("computed x", TaskStory.TextOf(await TaskStory.OutcomeAsync(second, id)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Task_ThatItsUpstreamHasForgotten_HasAnUnknownOutcome()
    {
        await using var story = await TaskStory.StartAsync();
        var gateway = await story.GatewayAsync();
        var id = (await TaskStory.BeginAsync(gateway, "slow_compute", """{"seconds":60,"label":"x"}""")).Id;

        await story.RestartUpstreamAsync();

        var lost = await gateway.UntilAsync(id, "outcome_unknown");
        Assert.Contains("knows nothing of its task any more", lost.Reason, StringComparison.Ordinal);
        Assert.Equal(["x"], story.Ledger);
    }

    [Fact]
    public async Task Task_WhoseUpstreamIsAwayForAWhile_IsAskedAboutUntilItIsBack()
    {
        await using var story = await TaskStory.StartAsync();
        var gateway = await story.GatewayAsync();
        var id = await story.BeginUntilToldAsync(gateway, gated: false);
        story.Story.SetAway(true);
        story.EndTasks();
        await Eventually.TrueAsync(async () => await TaskStory.StateAsync(gateway, id) is null, () => "it is not away");
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.Equal("dispatching", (await gateway.ViewAsync(id)).Status);

        story.Story.SetAway(false);

        await gateway.UntilAsync(id, "succeeded");
        Assert.Equal(["x"], story.Ledger);
    }

    [Fact]
    public async Task Gated_SentAgainByACallerThatTakesNoTasks_IsWaitedForNoLongerThanTheHold()
    {
        const string Arguments = """{"seconds":600,"label":"x"}""";
        await using var story = await TaskStory.StartAsync(Story.Gated);
        var gateway = await story.GatewayAsync(hold: TimeSpan.FromSeconds(1));
        var id = await TaskStory.BeginAsync(gateway, gated: true, seconds: 600);

        var told = new Told(await TaskStory.AskAsync(gateway, "slow_compute", Arguments, takesTasks: false));

        Assert.Equal((id, "dispatching", true), (told.CallId, told.Status, told.IsError));
        Assert.Equal(["x"], story.Ledger);
    }

    [Fact]
    public async Task Task_OfADeadGateway_IsLeftToAnotherByOneWithoutItsUpstream_AndGivenUpWhenNoneComes()
    {
        await using var story = await TaskStory.StartAsync();
        var first = await story.GatewayAsync();
        var id = await TaskStory.BeginAsync(first, gated: false, seconds: 600);
        await story.Story.StopAsync(first);

        var stranger = await story.Story.StartAsync();
        await stranger.Recovery.Recover(id, await OwnerAsync(stranger, id));
        Assert.Equal("dispatching", (await stranger.ViewAsync(id)).Status);
        story.Story.Time.Advance(TimeSpan.FromHours(2));
        // It may be at this already, and have looked at the clock before it was moved; its own sweeps come back.
        await stranger.Recovery.Recover(id, await OwnerAsync(stranger, id));

        await stranger.UntilAsync(id, "outcome_unknown");

        static async Task<string> OwnerAsync(McpGovern.Server.Gateway gateway, string id) => (await gateway.EventsAsync(id)).OfType<UpstreamTaskFollowed>().Last().Process;
    }

    [Fact]
    public async Task Task_ThatFails_KeepsItsError()
    {
        await using var story = await TaskStory.StartAsync();
        var gateway = await story.GatewayAsync();
        var id = (await TaskStory.BeginAsync(gateway, "protocol_error_job")).Id;

        await gateway.UntilAsync(id, "failed");

        Assert.Equal("the job crashed", Assert.IsType<CallAnswer.Error>(await TaskStory.OutcomeAsync(gateway, id)).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancel_IsToldToTheUpstream_WhichSaysWhatBecameOfIt(bool gated)
    {
        await using var story = await TaskStory.StartAsync(gated ? Story.Gated : Story.Open);
        var gateway = await story.GatewayAsync();
        var id = await TaskStory.BeginAsync(gateway, gated, seconds: 60);

        await gateway.UpstreamTasks.CancelAsync(Story.Agent, (await gateway.Queries.LoadAsync(Story.Agent, id, default))!, default);

        var ended = await gateway.UntilAsync(id, "failed");
        Assert.Equal("it was cancelled by its server", ended.Reason);
        Assert.True((await gateway.EventsAsync(id)).OfType<CallFailed>().Single().Cancelled);
    }

    [Fact]
    public async Task Answers_ToWhatTheTaskAsks_AreRecordedAndReachIt()
    {
        await using var story = await TaskStory.StartAsync();
        var gateway = await story.GatewayAsync();
        var id = (await TaskStory.BeginAsync(gateway, Asks, """{"filename":"a.txt"}""")).Id;
        Assert.Contains("Delete a.txt?", await TaskStory.QuestionsAsync(gateway, id), StringComparison.Ordinal);

        Assert.Null(await TaskStory.AnswerAsync(gateway, id, Yes));

        await gateway.UntilAsync(id, "succeeded");
        var input = (await gateway.EventsAsync(id)).OfType<UpstreamTaskInput>().Single();
        Assert.Equal((Story.Agent.Id, Yes), (input.By, input.Responses));
        Assert.Contains("deleted: ", TaskStory.TextOf(await TaskStory.OutcomeAsync(gateway, id)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("default: deny", false, "the policy does not let")]
    [InlineData(Story.Gated, false, "the policy does not let")]
    [InlineData(Story.Open, true, "frozen by olga")]
    public async Task Answers_ThatNothingWouldLetThroughNow_AreNotSent(string policy, bool frozen, string why)
    {
        await using var story = await TaskStory.StartAsync();
        var before = await story.GatewayAsync();
        var id = (await TaskStory.BeginAsync(before, Asks)).Id;
        await story.Story.StopAsync(before);
        story.Story.WritePolicy(policy);
        var gateway = await story.GatewayAsync();
        if (frozen)
        {
            var olga = new Actor("olga", "key:olga", "key") { Roles = Roles.Operator };
            await gateway.FreezeHandler.FreezeAsync(new FreezeRequest(olga, "all", null, "a drill", "cli"), default);
        }

        Assert.Contains(why, await TaskStory.AnswerAsync(gateway, id, Yes), StringComparison.Ordinal);

        Assert.Empty((await gateway.EventsAsync(id)).OfType<UpstreamTaskInput>());
        await TaskStory.QuestionsAsync(gateway, id);
    }

    [Fact]
    public async Task Gated_WhoseTaskAsks_IsWithdrawnAndSaysWhy()
    {
        await using var story = await TaskStory.StartAsync(Story.Gated);
        var gateway = await story.GatewayAsync();
        var id = (await TaskStory.BeginAsync(gateway, Asks)).Id;

        await gateway.ApproveAsync(id);

        Assert.Contains("which an approval does not cover", (await gateway.UntilAsync(id, "failed")).Reason, StringComparison.Ordinal);
        Assert.Contains("which an approval does not cover", TaskStory.TextOf(await TaskStory.OutcomeAsync(gateway, id)), StringComparison.Ordinal);
    }
}
