using System.Diagnostics;
using McpGovern.Calls;
using McpGovern.Storage;
using static McpGovern.Tests.Storage.TestCalls;

namespace McpGovern.Tests.Storage;

public abstract partial class CallStoreContract
{
    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Rebuild_AfterRandomHistories_FindsNothing(int seed)
    {
        var store = await OpenAsync();
        var random = new Random(seed);
        // More than one page of them.
        for (var i = 0; i < 230; i++)
        {
            await RandomHistoryAsync(store, random);
        }

        Assert.Empty(await store.RebuildAsync(repair: false, default));
        var statuses = (await store.ListAsync(new([], 200), default)).Calls.Select(c => CallRow.From(c.CallId, c.Version, Call.Replay(c.Events)).Status);
        Assert.True(statuses.Distinct().Count() > 5);
    }

    [SkippableTheory]
    [InlineData("update {0} set status = 'approved' where call_id = '{1}'")]
    [InlineData("update {0} set version = 7 where call_id = '{1}'")]
    [InlineData("update {0} set due_at = null where call_id = '{1}'")]
    [InlineData("delete from {0} where call_id = '{1}'")]
    public async Task Rebuild_AfterTampering_FindsAndRepairs(string sql)
    {
        var store = await OpenAsync();
        var parked = Park(deadline: Noon.AddTicks(12_345_678));
        await store.AppendAsync(Park(), default);
        await store.AppendAsync(parked, default);
        await TamperAsync(await TextAsync(), string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, Table("calls"), parked.CallId));

        Assert.Equal([parked.CallId], await store.RebuildAsync(repair: false, default));
        Assert.Equal([parked.CallId], await store.RebuildAsync(repair: true, default));
        Assert.Empty(await store.RebuildAsync(repair: false, default));
        Assert.Equal("pending", Assert.Single(await store.FindByExecutionAsync(parked.Row.ExecutionId, default)).Status);
    }

    [SkippableFact]
    public async Task Rebuild_WithARowOfNoStream_RemovesIt()
    {
        var store = await OpenAsync();
        var parked = Park();
        await store.AppendAsync(parked, default);
        await TamperAsync(await TextAsync(), $"delete from {Table("events")} where stream_id = '{parked.CallId}'");

        Assert.Equal([parked.CallId], await store.RebuildAsync(repair: true, default));
        Assert.Empty(await store.FindByExecutionAsync(parked.Row.ExecutionId, default));
    }

    [SkippableFact]
    public async Task Append_ByAProcessThatIsKilled_KeepsEveryAcknowledgedOne()
    {
        var store = await OpenAsync();
        using var child = await StoreWriter.StartAsync(await TextAsync(), "fill", "x");
        await child.StandardInput.WriteLineAsync("go");
        var acknowledged = new List<string>();
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            // What it said before it died counts too; its last line may be torn.
            acknowledged.Add(line);
            if (acknowledged.Count == 50)
            {
                child.Kill();
            }
        }

        await child.WaitForExitAsync();
        Assert.True(acknowledged.Count >= 50);
        foreach (var callId in acknowledged.Where(line => CallId.TryParse(line, out _)))
        {
            Assert.Equal(2, (await store.LoadAsync(callId, default))!.Version);
        }

        Assert.Empty(await store.RebuildAsync(repair: false, default));
    }

    [SkippableFact]
    public async Task Orphans_DependOnProcessesWithoutALease()
    {
        var store = await OpenAsync();
        var elsewhere = new ProcessLease("proc_elsewhere", "another host", 1, "1");
        var mine = ProcessLease.Current(TimeProvider.System);
        var tied = Park(at: Noon.AddSeconds(3), with: call => call with { UpstreamSession = new("proc_gone", "1") });
        var (far, near, none) = (Allow(process: elsewhere.Id, at: Noon), Allow(process: mine.Id, at: Noon.AddSeconds(1)), Allow(process: "proc_none", at: Noon.AddSeconds(2)));
        await store.RenewLeaseAsync(elsewhere, TimeSpan.Zero, default);
        await store.RenewLeaseAsync(elsewhere, TimeSpan.FromHours(1), default);
        await store.RenewLeaseAsync(mine, TimeSpan.FromHours(1), default);
        foreach (var call in (Append[])[far, near, none, tied, Park()])
        {
            await store.AppendAsync(call, default);
        }

        Assert.Equal([none.CallId, tied.CallId], await OrphansAsync());
        await store.RenewLeaseAsync(elsewhere, TimeSpan.Zero, default);
        Assert.Equal([far.CallId, none.CallId, tied.CallId], await OrphansAsync());
        await store.EndLeaseAsync(mine, default);
        Assert.Equal([far.CallId, near.CallId, none.CallId, tied.CallId], await OrphansAsync());

        async Task<IEnumerable<string>> OrphansAsync() => (await store.FindOrphansAsync(10, default)).Select(r => r.CallId);
    }

    [SkippableFact]
    public async Task Wait_ForAnotherStoresAppend_EndsAndLosesNothingBetweenTwoWaits()
    {
        var (one, two) = (await OpenAsync(), await OpenAsync());
        var cursor = new StoreCursor();
        var patience = TimeSpan.FromMinutes(2);
        await one.WaitForChangeAsync(cursor, patience, default);

        for (var i = 0; i < 5; i++)
        {
            var park = Park();
            var waiting = WaitUntilSeenAsync(park.CallId);
            await Task.Delay(i * 30);
            await two.AppendAsync(park, default);
            Assert.True(await waiting < patience);
        }

        // Appended while nobody waits.
        var between = Park();
        await two.AppendAsync(between, default);
        Assert.True(await WaitUntilSeenAsync(between.CallId, lookFirst: false) < patience);

        async Task<TimeSpan> WaitUntilSeenAsync(string callId, bool lookFirst = true)
        {
            var started = Stopwatch.GetTimestamp();
            while (!lookFirst || await one.LoadAsync(callId, default) is null)
            {
                lookFirst = true;
                await one.WaitForChangeAsync(cursor, patience, default);
            }

            return Stopwatch.GetElapsedTime(started);
        }
    }

    [SkippableFact]
    public async Task Wait_WithNothingNew_EndsInTimeAndWhenCancelled()
    {
        var store = await OpenAsync();
        using var cancel = new CancellationTokenSource();
        var cursor = new StoreCursor();
        await store.WaitForChangeAsync(cursor, TimeSpan.FromMilliseconds(20), default);
        var waits = Enumerable.Range(0, 50).Select(_ => UntilCancelledAsync(new())).ToList();

        await cancel.CancelAsync();

        await Task.WhenAll(waits);

        async Task UntilCancelledAsync(StoreCursor mine)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                while (true)
                {
                    await store.WaitForChangeAsync(mine, TimeSpan.FromMinutes(5), cancel.Token);
                }
            });
        }
    }

    [SkippableFact]
    public async Task Prepare_ByManyAtOnceAndAgain_Succeeds()
    {
        var stores = new List<ICallStore>();
        for (var i = 0; i < 8; i++)
        {
            stores.Add(await OpenAsync(prepare: false));
        }

        await Task.WhenAll(stores.Select(store => store.PrepareAsync(default)));
        await stores[0].PrepareAsync(default);

        Assert.Equal(new AppendResult.Appended(2), await stores[1].AppendAsync(Park(), default));
    }

    [SkippableFact]
    public async Task Prepare_OfANewerStore_Refuses()
    {
        await OpenAsync();
        await TamperAsync(await TextAsync(), $"update {Table("schema_version")} set version = 99");

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync());

        Assert.Contains("newer", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Append_ToAStoreThatWasNotPrepared_PreparesIt()
    {
        var store = await OpenAsync(prepare: false);

        Assert.Equal(new AppendResult.Appended(2), await store.AppendAsync(Park(), default));
    }

    /// <summary>It was away when its process started, and came back newer.</summary>
    [SkippableFact]
    public async Task Append_ToANewerStoreThatWasNotPrepared_IsRefusedAndWritesNothing()
    {
        var before = await OpenAsync();
        await TamperAsync(await TextAsync(), $"update {Table("schema_version")} set version = 99");
        var park = Park();

        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await (await OpenAsync(prepare: false)).AppendAsync(park, default));

        Assert.Contains("newer", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.InDoubt);
        Assert.Null(await before.LoadAsync(park.CallId, default));
    }
}
