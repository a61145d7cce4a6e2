using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Calls;

/// <summary>A gated call while its agent waits.</summary>
public sealed class HoldStories
{
    [Fact]
    public async Task Call_ApprovedInTime_AnswersTheUpstreamsBytes()
    {
        await using var story = new Story(Story.Gated);
        // It claims nothing by itself: its own client waits for this call.
        var gateway = await story.StartAsync(Story.Long, serve: false);
        var asking = gateway.CallAsync("odd", """{ "n" : 1.0 }""");
        var callId = await gateway.PendingAsync();
        Assert.Empty(story.Ledger);
        await gateway.ApproveAsync(callId);

        Assert.Equal(FakeTools.OddResult, (await asking).Raw);
        Assert.Equal(["odd {\"n\":1.0}"], story.Ledger);
        Assert.Equal(
            "CallSubmitted ToolApprovalRequired ApprovalReceived DispatchStarted CallSucceeded ResultDelivered", await gateway.HistoryAsync(callId));
        Assert.Equal("call", (await gateway.EventsAsync(callId)).OfType<ResultDelivered>().Single().Door);
    }

    [Fact]
    public async Task Call_RejectedInTime_NamesTheDeciderAndTheComment()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(Story.Long);
        var asking = gateway.CallAsync("echo");
        await gateway.DecideAsync(await gateway.PendingAsync(), "rejected", comment: "wrong account");

        var told = await asking;
        Assert.True(told.IsError);
        Assert.Equal("approval rejected by alice: wrong account", told.Text);
        Assert.Empty(story.Ledger);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Call_NotDecidedInTime_SaysWhereItIsParkedAndWhatToDo(int holdSeconds)
    {
        await using var story = new Story("require_approval_for: [{ tools: [\"*\"], approvers: [\"group:finance\"] }]");
        var gateway = await story.StartAsync(TimeSpan.FromSeconds(holdSeconds));
        var told = await gateway.CallAsync("echo");

        Assert.True(told.IsError);
        Assert.False(told.Json.TryGetProperty("structuredContent", out _));
        var deadline = (await gateway.ViewAsync(told.CallId)).Deadline!.Value;
        foreach (var word in (string[])["Not executed", told.CallId, "group:finance", deadline.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null), "jamjet_result", "other arguments"])
        {
            Assert.Contains(word, told.Text, StringComparison.Ordinal);
        }

        Assert.Equal(["call_hash", "call_id", "deadline", "execution_id", "status", "url"], told.Meta.EnumerateObject().Select(m => m.Name).Order());
        Assert.Equal(("pending", CallId.ExecutionOf(told.CallId)), (told.Status, told.Meta.GetProperty("execution_id").GetString()));
        Assert.Equal((await gateway.ViewAsync(told.CallId)).CallHash, told.Meta.GetProperty("call_hash").GetString());
        Assert.Equal(deadline, told.Meta.GetProperty("deadline").GetDateTimeOffset());
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public async Task Call_WhileItIsHeld_ReportsProgressThatOnlyGrows()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(Story.Long);
        var progress = new Reports();
        var asking = gateway.CallAsync("progress", """{"count":3}""", progress: progress);
        var callId = await gateway.PendingAsync();
        await Eventually.TrueAsync(() => progress.All.Length >= 2, () => $"{progress.All.Length} reports");
        await gateway.ApproveAsync(callId);
        await asking;

        Assert.Contains(callId, progress.All[0], StringComparison.Ordinal);
        var numbers = progress.All.Select(json => JsonElement.Parse(json).GetProperty("progress").GetDouble()).ToArray();
        Assert.Equal(numbers.Distinct().Order(), numbers);
        // The upstream's own, as it wrote them.
        Assert.Equal([1, 2, 3], numbers[^3..]);
        Assert.Contains("\"total\":3.0", progress.All[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_WhoseCallerGoesAway_StaysParked()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(Story.Long);
        using var gone = new CancellationTokenSource();
        var asking = gateway.CallAsync("echo", ct: gone.Token);
        var callId = await gateway.PendingAsync();
        await gone.CancelAsync();
        await asking;
        Assert.Equal("pending", (await gateway.ViewAsync(callId)).Status);
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "succeeded");
        Assert.Single(story.Ledger);
    }

    /// <summary>In the moment in which it is parked, and no grant was looked for yet.</summary>
    [Fact]
    public async Task Call_WhoseCallerGoesAwayWhenItIsParked_IsApprovedByItsGrantAllTheSame()
    {
        using var gone = new CancellationTokenSource();
        using var logs = new LogLines { Seen = id => (id == 1003 ? gone : null)?.Cancel() };
        await using var story = new Story("require_approval_for: [\"fake.*\"]") { Logs = logs };
        var gateway = await story.StartAsync(Story.Long);
        Assert.True((await gateway.GrantHandler.CreateAsync(new(Story.Alice, "rest", "fake.echo", "agent:coder", 1, "24h", null, "the nightly run"), default)).Accepted);

        await gateway.CallAsync("echo", ct: gone.Token);

        var callId = Assert.Single(await gateway.AllAsync()).CallId;
        await gateway.UntilAsync(callId, "succeeded");
        Assert.Single(story.Ledger);
        Assert.Equal([callId], Assert.Single((await gateway.GrantHandler.ListAsync(Story.Bob, default)).Grants).Uses);
    }

    [Fact]
    public async Task GatedCall_WhoseCallerGoesAwayWhileItRuns_RunsToItsEnd()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(Story.Long);
        using var gone = new CancellationTokenSource();
        var asking = gateway.CallAsync("until", $$"""{"file":"{{story.File("go on")}}"}""", ct: gone.Token);
        var callId = await gateway.PendingAsync();
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "dispatching");
        await gone.CancelAsync();
        await asking;
        await System.IO.File.WriteAllTextAsync(story.File("go on"), "");
        await gateway.UntilAsync(callId, "succeeded");
        Assert.DoesNotContain(story.Log, line => line.StartsWith("cancelled", StringComparison.Ordinal));
        Assert.Contains("at last", (await gateway.ResultAsync(callId)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AllowedCall_WhoseCallerCancels_IsCancelledAtTheUpstreamToo()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync();
        using var gone = new CancellationTokenSource();
        var asking = gateway.CallAsync("hang", ct: gone.Token);
        await Eventually.TrueAsync(() => story.Ledger.Length == 1, () => "it was not sent");
        await gone.CancelAsync();
        await asking;
        // The caller is not kept waiting for the upstream to read it.
        await Eventually.TrueAsync(() => story.Log.Any(line => line.StartsWith("cancelled", StringComparison.Ordinal)), "the upstream was told");
        Assert.Single(story.Log, line => line.StartsWith("cancelled", StringComparison.Ordinal));
        Assert.Equal("outcome_unknown", Assert.Single(await gateway.AllAsync()).Status);
    }

    private sealed class Reports : ICallProgress
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> all = new();

        public string[] All => [.. all];

        public ValueTask ReportAsync(string paramsJson)
        {
            all.Enqueue(paramsJson);
            return ValueTask.CompletedTask;
        }
    }
}
