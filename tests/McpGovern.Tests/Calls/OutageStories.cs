using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Npgsql;

namespace McpGovern.Tests.Calls;

/// <summary>The store goes away while an agent waits.</summary>
public sealed class OutageStories
{
    [SkippableFact]
    public async Task StoreThatStops_WhileACallIsHeld_IsNoWordThatItWasNotExecuted()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var database = await server.CreateOwnDatabaseAsync();
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(hold: Story.Long, serve: false, storeText: database);
        await gateway.OpenAsync(default);
        var held = gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, "echo", "{}"), default);
        var callId = await gateway.PendingAsync();

        await server.StopAsync();
        var answer = Assert.IsType<CallAnswer.Result>(await held.WaitAsync(Story.Long));

        var text = System.Text.Encoding.UTF8.GetString(answer.Json.Span);
        Assert.Contains($"{callId} is recorded", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Not executed", text, StringComparison.Ordinal);
        Assert.Contains("\"isError\":true", text, StringComparison.Ordinal);
        await server.StartAsync();
    }

    /// <summary>The answer comes while the store is away, for longer than anybody tries again.</summary>
    [SkippableTheory]
    [InlineData(Story.Gated)]
    [InlineData(Story.Open)]
    public async Task AnswerThatCannotBeRecorded_IsKeptAndRecordedWhenTheStoreIsBack(string policy)
    {
        await using var server = await PostgresServer.StartOwnAsync();
        using var log = new LogLines();
        await using var story = new Story(policy) { Logs = log };
        var gateway = await story.StartAsync(serve: false, storeText: await server.CreateOwnDatabaseAsync());
        await gateway.OpenAsync(default);
        gateway.Serve(() => true);
        var (callId, calling) = await SendAsync(story, gateway, policy);

        await server.StopAsync();
        await System.IO.File.WriteAllTextAsync(story.File("go"), "");
        await Eventually.TrueAsync(() => log.Of(1010).Length > 0, "the first try");
        story.Time.Advance(TimeSpan.FromSeconds(20));
        await Eventually.TrueAsync(() => log.Of(1014).Length > 0, "the last try");
        await calling;
        await server.StartAsync();

        var view = await gateway.UntilAsync(callId, "succeeded");
        Assert.Equal(1, view.Attempts);
        Assert.Single(story.Ledger);
        if (policy == Story.Gated)
        {
            Assert.Contains("at last", (await gateway.ResultAsync(callId)).Raw, StringComparison.Ordinal);
        }
    }

    /// <summary>Beside its sender another process looks for dead owners, whose leases an outage lets run out all at once.</summary>
    [SkippableTheory]
    [InlineData(Story.Gated)]
    [InlineData(Story.Open)]
    public async Task CallUnderWay_AcrossAnOutageLongerThanALease_IsNotTakenForLost(string policy)
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var database = await server.CreateOwnDatabaseAsync();
        await using var story = new Story(policy);
        var gateway = await story.StartAsync(serve: false, storeText: database);
        await gateway.OpenAsync(default);
        gateway.Serve(() => true);
        await story.StartAsync(storeText: database);
        var (callId, calling) = await SendAsync(story, gateway, policy);

        await server.StopAsync();
        story.Time.Advance(TimeSpan.FromMinutes(1));
        await Task.Delay(TimeSpan.FromSeconds(7));
        await server.StartAsync();
        // Some sweeps, by processes that find no lease at first.
        await Task.Delay(TimeSpan.FromSeconds(7));
        Assert.Equal("dispatching", (await gateway.ViewAsync(callId)).Status);
        await System.IO.File.WriteAllTextAsync(story.File("go"), "");

        await gateway.UntilAsync(callId, "succeeded");
        await calling;
        Assert.DoesNotContain("OutcomeUnknown", await gateway.HistoryAsync(callId), StringComparison.Ordinal);
        Assert.Single(story.Ledger);
    }

    /// <summary>The server takes the append, and nobody hears of it for longer than the same is said again.</summary>
    [SkippableTheory]
    [InlineData(Cut.BeforeTheAnswer)]
    [InlineData(Cut.SentLate)]
    public async Task Dispatch_WhoseAnswerIsLostBeyondAllTries_RunsOnceWhenTheStoreIsBack(Cut cut)
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await using var proxy = new CuttingProxy(server.Port) { StaysDown = true };
        using var log = new LogLines();
        await using var story = new Story(Story.Gated) { Logs = log };
        var gateway = await StartBehindAsync(story, server, proxy);
        var callId = await gateway.ParkAsync("pid");
        proxy.Arm("dispatch_started", cut);
        await gateway.ApproveAsync(callId);

        await Eventually.TrueAsync(() => log.Of(1023).Length > 0, "the end of the tries");
        await proxy.Late;
        Assert.Empty(story.Ledger);
        proxy.Restore();

        await gateway.UntilAsync(callId, "succeeded");
        Assert.Single(story.Ledger);
        Assert.StartsWith("nothing was sent", (await gateway.EventsAsync(callId)).OfType<DispatchDeferred>().Single().Why, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Park_WhoseAnswerIsLostBeyondAllTries_IsSaidToBeInDoubtAndAttaches()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await using var proxy = new CuttingProxy(server.Port) { StaysDown = true };
        await using var story = new Story(Story.Gated);
        var gateway = await StartBehindAsync(story, server, proxy);
        await gateway.ParkAsync("odd");
        proxy.Arm("tool_approval_required", Cut.BeforeTheAnswer);

        var told = await gateway.CallAsync("pid");

        Assert.Contains($"It may have been recorded as {told.CallId}", told.Text, StringComparison.Ordinal);
        Assert.True(told.IsError);
        Assert.False(told.Meta.TryGetProperty("status", out _));
        proxy.Restore();
        Assert.Equal("pending", (await gateway.ResultAsync(told.CallId)).Status);
        Assert.Equal(told.CallId, (await gateway.CallAsync("pid")).CallId);
        Assert.Equal(2, (await gateway.AllAsync()).Count);
    }

    /// <summary>Longer than several sweeps: nothing that is under way is ever taken for unsent.</summary>
    [Theory]
    [InlineData(Story.Gated)]
    [InlineData(Story.Open)]
    public async Task CallThatTakesLong_IsLeftAlone(string policy)
    {
        await using var story = new Story(policy);
        var gateway = await story.StartAsync();
        var (callId, calling) = await SendAsync(story, gateway, policy);

        await Task.Delay(TimeSpan.FromSeconds(7));
        await System.IO.File.WriteAllTextAsync(story.File("go"), "");

        await gateway.UntilAsync(callId, "succeeded");
        await calling;
        Assert.EndsWith("DispatchStarted CallSucceeded", await gateway.HistoryAsync(callId), StringComparison.Ordinal);
        Assert.Single(story.Ledger);
    }

    /// <summary>A client waits two seconds for the end of its process, and that is what the next try would be in.</summary>
    [Fact]
    public async Task Process_ThatEndsWhileItsStoreIsAway_DoesNotWaitForTheNextTry()
    {
        using var logs = new LogLines();
        await using var story = new Story(Story.Open) { Logs = logs };
        var gateway = await story.StartAsync(storeText: $"sqlite:{story.File("policy.yaml")}/calls.db", time: new StillTime());
        await Eventually.TrueAsync(() => logs.Of(1040).Length > 0, "a sweep that fails");

        var ending = story.StopAsync(gateway);

        await Eventually.TrueAsync(() => ending.IsCompleted, "the end");
        await ending;
    }

    /// <summary>No timer of it ever runs.</summary>
    private sealed class StillTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private static async Task<Gateway> StartBehindAsync(Story story, PostgresServer server, CuttingProxy proxy)
    {
        var text = new NpgsqlConnectionStringBuilder(await server.CreateOwnDatabaseAsync()) { Port = proxy.Port, SslMode = SslMode.Disable }.ConnectionString;
        var gateway = await story.StartAsync(serve: false, storeText: text);
        await gateway.OpenAsync(default);
        gateway.Serve(() => true);
        return gateway;
    }

    /// <summary>A call that its upstream answers when the file <c>go</c> is there.</summary>
    internal static async Task<(string CallId, Task Calling)> SendAsync(Story story, Gateway gateway, string policy)
    {
        var arguments = $$"""{"file":"{{story.File("go")}}"}""";
        Task calling = Task.CompletedTask;
        if (policy == Story.Gated)
        {
            await gateway.ApproveAsync(await gateway.ParkAsync("until", arguments));
        }
        else
        {
            calling = gateway.CallAsync("until", arguments);
        }

        await Eventually.TrueAsync(() => story.Ledger.Length == 1, "the call at its upstream");
        return (Assert.Single(await gateway.AllAsync()).CallId, calling);
    }
}
