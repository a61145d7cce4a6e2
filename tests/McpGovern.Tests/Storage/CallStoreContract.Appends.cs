using McpGovern.Calls;
using McpGovern.Storage;
using static McpGovern.Tests.Storage.TestCalls;

namespace McpGovern.Tests.Storage;

public abstract partial class CallStoreContract
{
    [SkippableFact]
    public async Task Append_ToANewStream_IsLoadedByAnotherConnection()
    {
        var store = await OpenAsync();
        var parked = Park();

        Assert.Equal(new AppendResult.Appended(2), await store.AppendAsync(parked, default));

        var loaded = await (await OpenAsync()).LoadAsync(parked.CallId, default);
        Assert.Equal(2, loaded!.Version);
        Assert.Equal(parked.Events[0].Event, loaded.Events[0]);
        Assert.Equivalent(parked.Events[1].Event, loaded.Events[1], strict: true);
        Assert.Null(await store.LoadAsync(NewId(), default));
    }

    [SkippableFact]
    public async Task Append_AtAnotherVersion_IsAConflictAndWritesNothing()
    {
        var store = await OpenAsync();
        var parked = Park();
        await store.AppendAsync(parked, default);
        var first = Decide(parked.CallId, EventsOf(parked), Approve("alice"));
        await store.AppendAsync(first, default);
        var late = Decide(parked.CallId, EventsOf(parked), Approve("bob"));
        var ahead = late with { ExpectedVersion = 7, Row = late.Row with { Version = 8 } };
        var again = Park(parked.CallId);

        foreach (var lost in new[] { late, ahead, again })
        {
            Assert.IsType<AppendResult.Conflict>(await store.AppendAsync(lost, default));
        }

        var unknown = late with { CallId = NewId() };
        Assert.IsType<AppendResult.Conflict>(await store.AppendAsync(unknown with { Row = unknown.Row with { CallId = unknown.CallId } }, default));
        Assert.Null(await store.LoadAsync(unknown.CallId, default));
        Assert.Equal(3, (await store.LoadAsync(parked.CallId, default))!.Version);
        Assert.Equal("approved", Assert.Single(await store.FindByExecutionAsync(CallId.ExecutionOf(parked.CallId), default)).Status);
    }

    [SkippableFact]
    public async Task Append_AskedAgainWithTheSameIds_AnswersAppendedOnce()
    {
        var store = await OpenAsync();
        var parked = Park();
        await store.AppendAsync(parked, default);
        var approved = Decide(parked.CallId, EventsOf(parked), Approve("alice"));
        await store.AppendAsync(approved, default);

        Assert.Equal(new AppendResult.Appended(2), await store.AppendAsync(parked, default));
        Assert.Equal(new AppendResult.Appended(3), await store.AppendAsync(approved, default));
        Assert.Equal(3, (await store.LoadAsync(parked.CallId, default))!.Version);
    }

    [SkippableFact]
    public async Task Append_ByManyAtOnce_HasOneWinnerPerVersion()
    {
        ICallStore[] stores = [await OpenAsync(), await OpenAsync()];
        var parked = Park(quorum: 1000);
        await stores[0].AppendAsync(parked, default);
        IReadOnlyList<CallEvent> history = EventsOf(parked);

        for (var round = 0; round < 10; round++)
        {
            var rivals = Enumerable.Range(0, 16).Select(i => Decide(parked.CallId, history, Approve($"{round}-{i}"))).ToList();
            var answers = await Task.WhenAll(rivals.Select((rival, i) => stores[i % 2].AppendAsync(rival, default)));
            var winner = Assert.Single(answers.Index(), a => a.Item is AppendResult.Appended).Index;
            Assert.All(answers.Where((_, i) => i != winner), a => Assert.IsType<AppendResult.Conflict>(a));
            history = [.. history, rivals[winner].Events[0].Event];
            Assert.Equal(history[^1], (await stores[1].LoadAsync(parked.CallId, default))!.Events[^1]);
        }
    }

    [SkippableTheory]
    [InlineData("decide", 40)]
    [InlineData("blind", 80)]
    public async Task Append_ByTwoProcesses_DoublesOnlyWithoutAnExpectedVersion(string mode, int decisions)
    {
        var store = await OpenAsync();
        var callIds = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            var parked = Park();
            await store.AppendAsync(parked, default);
            callIds.Add(parked.CallId);
        }

        using var one = await StoreWriter.StartAsync([await TextAsync(), mode, "alice", .. callIds]);
        using var two = await StoreWriter.StartAsync([await TextAsync(), mode, "bob", .. callIds]);
        var recorded = await Task.WhenAll(StoreWriter.GoAsync(one), StoreWriter.GoAsync(two));

        Assert.Equal(decisions, recorded.Sum());
        var stored = 0;
        foreach (var callId in callIds)
        {
            stored += (await store.LoadAsync(callId, default))!.Events.OfType<ApprovalReceived>().Count();
        }

        Assert.Equal(decisions, stored);
    }

    [SkippableFact]
    public async Task Append_OfAnEqualCallByFiftyAtOnce_LeavesOneOpen()
    {
        ICallStore[] stores = [await OpenAsync(), await OpenAsync()];
        var parks = Enumerable.Range(0, 50).Select(_ => Park(attachKey: "one intent")).ToList();

        var answers = await Task.WhenAll(parks.Select((park, i) => stores[i % 2].AppendAsync(park, default)));

        var winner = parks[Assert.Single(answers.Index(), a => a.Item is AppendResult.Appended).Index].CallId;
        Assert.Equal(49, answers.Count(a => a == new AppendResult.OpenCallExists(winner)));
        Assert.Equal(winner, await stores[0].FindByAttachKeyAsync(Scope, "one intent", default));
        foreach (var lost in parks.Where(p => p.CallId != winner))
        {
            Assert.Null(await stores[0].LoadAsync(lost.CallId, default));
        }
    }

    [SkippableFact]
    public async Task Append_OfAnEqualCall_IsFreeInAnotherScopeAndAfterTheEnd()
    {
        var store = await OpenAsync();
        var first = Park(attachKey: "k");
        await store.AppendAsync(first, default);

        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(Park(attachKey: "k", with: c => c with { Scope = "other" }), default));
        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(Park(attachKey: "K"), default));
        Assert.True(await store.RecordAsync(first.CallId, new CallCommand.Cancel(Agent, null, "mcp", Noon)));
        var second = Park(attachKey: "k", at: Noon.AddSeconds(1));
        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(second, default));
        Assert.Equal(second.CallId, await store.FindByAttachKeyAsync(Scope, "k", default));
    }

    [SkippableFact]
    public async Task Append_OfMany_KeepsEveryAcknowledgedOne()
    {
        var store = await OpenAsync();
        var parks = Enumerable.Range(0, 500).Select(_ => Park()).ToList();

        var answers = await Task.WhenAll(parks.Select(park => Task.Run(() => store.AppendAsync(park, default))));

        Assert.All(answers, a => Assert.Equal(new AppendResult.Appended(2), a));
        Assert.Equal(500, await (await OpenAsync()).CountPendingAsync(Scope, Agent.Id, default));
    }
}
