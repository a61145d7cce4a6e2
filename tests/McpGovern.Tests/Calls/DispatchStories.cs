using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Calls;

/// <summary>An approved call runs once, whoever is there by then; and what nobody can know is said.</summary>
public sealed class DispatchStories
{
    [Fact]
    public async Task Approved_AfterItsAgentLeft_RunsOnceAndItsResultOutlivesTheGateway()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("odd", """{"n":1}""");
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "succeeded");
        await story.StopAsync(gateway);

        var next = await story.StartAsync();
        var told = await next.ResultAsync(callId);
        Assert.False(told.IsError);
        Assert.Equal((callId, "succeeded", "hologram"), (told.CallId, told.Status, told.Json.GetProperty("content")[0].GetProperty("type").GetString()));
        await next.ResultAsync(callId);
        Assert.Equal("jamjet_result", (await next.EventsAsync(callId)).OfType<ResultDelivered>().Single().Door);
        Assert.Equal(["odd {\"n\":1}"], story.Ledger);
    }

    [Fact]
    public async Task Approved_WhileNobodyServes_RunsWhenSomebodyDoes()
    {
        await using var story = new Story(Story.Gated);
        var parking = await story.StartAsync(serve: false);
        var callId = await parking.ParkAsync("echo");
        await story.StopAsync(parking);
        var deciding = await story.StartAsync(serve: false);
        await deciding.ApproveAsync(callId);
        await story.StopAsync(deciding);
        Assert.Empty(story.Ledger);

        var serving = await story.StartAsync();
        await serving.UntilAsync(callId, "succeeded");
        Assert.Single(story.Ledger);
    }

    [Fact]
    public async Task Approved_WithTwoGatewaysServing_RunsOnce()
    {
        await using var story = new Story(Story.Gated);
        var gateways = new[] { await story.StartAsync(), await story.StartAsync(), await story.StartAsync() };
        var ids = new List<string>();
        for (var n = 0; n < 10; n++)
        {
            ids.Add(await gateways[n % 3].ParkAsync("pid", $$"""{"n":{{n}}}"""));
        }

        await Task.WhenAll(ids.Select((id, n) => gateways[(n + 1) % 3].ApproveAsync(id)));
        foreach (var id in ids)
        {
            await gateways[0].UntilAsync(id, "succeeded");
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(n => $$"""pid {"n":{{n}}}"""), story.Ledger.Order());
    }

    [Fact]
    public async Task Approved_ByAnOlderGatewayThanTheOneThatParkedIt_Runs()
    {
        await using var story = new Story(Story.Gated);
        var elder = await story.StartAsync();
        story.Time.Advance(TimeSpan.FromHours(1));
        var younger = await story.StartAsync(serve: false);
        var callId = await younger.ParkAsync("echo");
        await story.StopAsync(younger);
        await elder.ApproveAsync(callId);
        await elder.UntilAsync(callId, "succeeded");
    }

    [Fact]
    public async Task Approved_WhileTheUpstreamIsAway_IsDeferredAndRunsWhenItIsBack()
    {
        await using var story = new Story(Story.Gated);
        await StoreToolsAsync(story);
        story.SetAway(true);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");
        await gateway.ApproveAsync(callId);
        await Eventually.TrueAsync(async () => (await gateway.ViewAsync(callId)).Deferred is not null, () => "it was not deferred");

        var view = await gateway.ViewAsync(callId);
        var why = (await gateway.EventsAsync(callId)).OfType<DispatchDeferred>().First();
        Assert.Equal("approved", view.Status);
        Assert.Equal(TimeSpan.FromSeconds(1), why.RetryAt - why.At);
        Assert.Contains("waits for its server", (await gateway.ResultAsync(callId)).Text, StringComparison.Ordinal);
        story.SetAway(false);
        await gateway.UntilAsync(callId, "succeeded");
        Assert.Single(story.Ledger);
    }

    [Fact]
    public async Task Approved_WhileItsAgentWaitsAndTheUpstreamIsAway_KeepsToItsPauses()
    {
        await using var story = new Story(Story.Gated);
        await StoreToolsAsync(story);
        story.SetAway(true);
        var gateway = await story.StartAsync(Story.Long, serve: false);
        var asking = gateway.CallAsync("echo");
        var callId = await gateway.PendingAsync();
        await gateway.ApproveAsync(callId);
        await Eventually.TrueAsync(async () => (await DeferralsAsync()).Length >= 3, () => "it is not tried again");
        story.Time.Advance(Story.Long);
        var told = await asking;
        Assert.Equal((true, "approved"), (told.IsError, told.Status));
        Assert.Contains("waits for its server", told.Text, StringComparison.Ordinal);
        var tries = (await DeferralsAsync())[..3];
        Assert.Equal([1, 2, 4], tries.Select(d => (d.RetryAt - d.At).TotalSeconds));
        // Where this process stalls, it may have looked just before one of them was put on record.
        Assert.InRange(tries.Zip(tries.Skip(1)).Count(pair => pair.Second.At < pair.First.RetryAt), 0, 1);

        async Task<DispatchDeferred[]> DeferralsAsync() => [.. (await gateway.EventsAsync(callId)).OfType<DispatchDeferred>()];
    }

    [Fact]
    public async Task Deferral_TriedAgainAndAgain_DoublesItsPause()
    {
        await using var story = new Story(Story.Gated);
        await StoreToolsAsync(story);
        story.SetAway(true);
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        await gateway.ApproveAsync(callId);
        for (var tries = 0; tries < 10; tries++)
        {
            await gateway.Dispatcher.Start(callId);
        }

        var pauses = (await gateway.EventsAsync(callId)).OfType<DispatchDeferred>().Select(d => (d.RetryAt - d.At).TotalSeconds);
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 300], pauses);
    }

    [Fact]
    public async Task Upstream_ThatCannotStart_TakesOnlyItsOwnToolsWithIt()
    {
        await using var story = new Story(Story.Gated);
        // Only one of the two minds the file that keeps it away.
        var (well, broken) = (FakeUpstreamOptions.Config("well"), story.Upstream("broken"));
        var first = await story.StartAsync(upstreams: [well, broken]);
        Assert.NotEmpty(await first.Tools.ListAsync(Story.Agent, default));
        await story.StopAsync(first);
        story.SetAway(true);

        var gateway = await story.StartAsync(upstreams: [well, broken]);
        // The first list is from memory; that it was wrong about one of them is announced as soon as it is known.
        var changed = false;
        gateway.Tools.Changed += () => changed = true;
        var listed = "";
        await Eventually.TrueAsync(
            async () => !(listed = string.Join('\n', await gateway.Tools.ListAsync(Story.Agent, default))).Contains("broken__", StringComparison.Ordinal),
            () => "the tools of what cannot start are still listed");
        Assert.Contains("\"well__echo\"", listed, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => changed, () => "nobody was told");
        var callId = await gateway.ParkAsync("broken__echo");
        await gateway.ApproveAsync(callId);
        await Eventually.TrueAsync(async () => (await gateway.ViewAsync(callId)).Deferred is not null, () => "it was not deferred");
        var other = await gateway.ParkAsync("well__echo");
        await gateway.ApproveAsync(other);
        await gateway.UntilAsync(other, "succeeded");
    }

    [Fact]
    public async Task Upstream_ThatDiesAfterTheCallWasSent_LeavesItUnknownForEver()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("crash");
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "outcome_unknown");
        await story.StopAsync(gateway);
        story.Time.Advance(TimeSpan.FromMinutes(30));
        gateway = await story.StartAsync();
        // A later call shows that the sweeps had their turn.
        var later = await gateway.ParkAsync("echo");
        await gateway.ApproveAsync(later);
        await gateway.UntilAsync(later, "succeeded");

        Assert.Equal("outcome_unknown", (await gateway.ViewAsync(callId)).Status);
        Assert.Single(story.Ledger, line => line.StartsWith("crash", StringComparison.Ordinal));
        Assert.Contains("Outcome unknown", (await gateway.ResultAsync(callId)).Text, StringComparison.Ordinal);
    }

    public static TheoryData<string, int, string, int> Orphans => new()
    {
        { "", 1, "outcome_unknown", 0 },
        { "tools: { pid: { idempotent: true } }", 1, "succeeded", 1 },
        { "tools: { pid: { idempotent: true } }", 2, "succeeded", 1 },
        { "tools: { pid: { idempotent: true } }", 3, "outcome_unknown", 0 },
        { "tools: { echo: { idempotent: true } }", 1, "outcome_unknown", 0 },
    };

    [Theory, MemberData(nameof(Orphans))]
    public async Task Sent_ByAProcessThatDied_IsSentAgainOnlyWhereThePolicySaysIdempotent(string traits, int attempts, string status, int sent)
    {
        await using var story = new Story($"{Story.Gated}\n{traits}");
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("pid");
        await gateway.ApproveAsync(callId);
        var history = await gateway.EventsAsync(callId);
        var lost = Enumerable.Range(1, attempts).Select(n => new DispatchStarted(n, "proc_dead", callId, story.Time.GetUtcNow())).ToArray();
        await gateway.Store.AppendAsync(TestCalls.Of(callId, history, lost), default);

        var next = await story.StartAsync();
        await next.UntilAsync(callId, status);
        Assert.Equal(sent, story.Ledger.Length);
        var starts = (await next.EventsAsync(callId)).OfType<DispatchStarted>().ToArray();
        Assert.Equal(Enumerable.Range(1, attempts + sent), starts.Select(s => s.Attempt));
        Assert.All(starts, start => Assert.Equal(callId, start.IdempotencyKey));
    }

    [Fact]
    public async Task Sent_ToTheUpstream_CarriesTheCallsIdAsItsKeyAndNotTheClients()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo", key: "the client's own");
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "succeeded");
        var received = (await gateway.ResultAsync(callId)).Text;
        Assert.Contains($"\"mcpgovern/idempotency-key\":\"{callId}\"", received, StringComparison.Ordinal);
        Assert.DoesNotContain("the client's own", received, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("another scope", "fake")]
    [InlineData("story", "other")]
    public async Task Gateways_OfAnotherScopeOrUpstream_NeverRunEachOthersCalls(string scope, string name)
    {
        await using var story = new Story(Story.Gated);
        var owner = await story.StartAsync(serve: false);
        var stranger = await story.StartAsync(scope: scope, upstreams: [story.Upstream(name)]);
        var theirs = await owner.ParkAsync("echo", """{"of":"owner"}""");
        var own = await stranger.ParkAsync("echo", """{"of":"stranger"}""");
        await owner.ApproveAsync(theirs);
        await owner.ApproveAsync(own);
        await stranger.UntilAsync(own, "succeeded");
        await stranger.Dispatcher.Start(theirs);
        Assert.Equal("approved", (await stranger.ViewAsync(theirs)).Status);
        Assert.Equal(["echo {\"of\":\"stranger\"}"], story.Ledger);
        await owner.Dispatcher.Start(theirs);
        Assert.Equal("succeeded", (await stranger.ViewAsync(theirs)).Status);
    }

    private static async Task StoreToolsAsync(Story story)
    {
        Gateway gateway = await story.StartAsync(serve: false);
        await gateway.Tools.ListAsync(Story.Agent, default);
        await story.StopAsync(gateway);
    }
}
