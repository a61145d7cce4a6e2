using McpGovern.Calls;
using McpGovern.Storage;
using static McpGovern.Tests.Storage.TestCalls;

namespace McpGovern.Tests.Storage;

public abstract partial class CallStoreContract
{
    [SkippableFact]
    public async Task List_PageByPage_GivesEveryCallOnceNewestFirst()
    {
        var store = await OpenAsync();
        var parks = Enumerable.Range(0, 23).Select(i => Park(at: Noon.AddSeconds(i / 3))).ToList();
        await Task.WhenAll(parks.Select(park => store.AppendAsync(park, default)));
        var seen = new List<string>();
        string? cursor = null;
        var pages = 0;
        do
        {
            var page = await store.ListAsync(new(["pending"], Limit: 5) { Cursor = cursor }, default);
            seen.AddRange(page.Calls.Select(c => c.CallId));
            cursor = page.NextCursor;
            // Calls that come in meanwhile are newer than the page, and move nothing.
            await store.AppendAsync(Park(at: Noon.AddDays(1).AddSeconds(pages++)), default);
        }
        while (cursor is not null);

        var expected = parks.OrderByDescending(p => p.Row.RequestedAt).ThenByDescending(p => p.CallId, StringComparer.Ordinal).Select(p => p.CallId);
        Assert.Equal(expected, seen);
        Assert.Equal(5, pages);
    }

    [SkippableFact]
    public async Task List_WithFilters_CombinesThem()
    {
        var store = await OpenAsync();
        var wanted = Park(with: c => c with { Scope = "a", Server = "s1", Tool = "t", RequestedBy = "agent:x" });
        Append[] others =
        [
            Park(with: c => c with { Scope = "A", Server = "s1", Tool = "t", RequestedBy = "agent:x" }),
            Park(with: c => c with { Scope = "a", Server = "S1", Tool = "t", RequestedBy = "agent:x" }),
            Park(with: c => c with { Scope = "a", Server = "s1", Tool = "T", RequestedBy = "agent:x" }),
            Park(with: c => c with { Scope = "a", Server = "s1", Tool = "t", RequestedBy = "agent:X" }),
        ];
        var ended = Park(with: c => c with { Scope = "a", Server = "s1", Tool = "t", RequestedBy = "agent:x" });
        foreach (var park in (Append[])[wanted, .. others, ended])
        {
            await store.AppendAsync(park, default);
        }

        await store.RecordAsync(ended.CallId, Approve("alice"));
        var query = new CallQuery(["pending"], 50) { Scope = "a", Server = "s1", Tool = "t", RequestedBy = "agent:x" };

        Assert.Equal([wanted.CallId], (await store.ListAsync(query, default)).Calls.Select(c => c.CallId));
        Assert.Equal(2, (await store.ListAsync(query with { Statuses = ["approved", "pending"] }, default)).Calls.Count);
        Assert.Equal(6, (await store.ListAsync(new([], 50), default)).Calls.Count);
        Assert.Equal(1, await store.CountPendingAsync("a", "agent:X", default));
        Assert.Empty((await store.ListAsync(query with { Tool = "t\0" }, default)).Calls);
        Assert.Null(await store.LoadAsync(wanted.CallId.ToUpperInvariant(), default));
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("next please")]
    [InlineData("MS4xLg")]
    [InlineData("MS4tMS54")]
    public async Task List_WithAForeignCursor_SaysSo(string cursor)
    {
        var store = await OpenAsync();
        if (cursor == "MS4xLg")
        {
            // "1.1." is well-formed: it ends before everything.
            Assert.Empty((await store.ListAsync(new([], 5) { Cursor = cursor }, default)).Calls);
            return;
        }

        var fault = await Assert.ThrowsAsync<FormatException>(() => store.ListAsync(new([], 5) { Cursor = cursor }, default));
        Assert.Contains("cursor", fault.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task List_WithAnUnreadableStream_LeavesOnlyThatOut()
    {
        var store = await OpenAsync();
        var (good, bad) = (Park(), Park());
        await store.AppendAsync(good, default);
        await store.AppendAsync(bad, default);
        await TamperAsync(await TextAsync(), $"update {Table("events")} set type = 'call_teleported' where stream_id = '{bad.CallId}' and version = 2");

        Assert.Equal([good.CallId], (await store.ListAsync(new([], 50), default)).Calls.Select(c => c.CallId));
        await Assert.ThrowsAsync<InvalidDataException>(() => store.LoadAsync(bad.CallId, default));
        Assert.Empty(await store.RebuildAsync(repair: true, default));
    }

    [SkippableFact]
    public async Task Find_PastDueAndDispatchable_GoByTheStoredInstants()
    {
        var store = await OpenAsync();
        var due = Park(deadline: Noon.AddMinutes(1));
        var later = Park(deadline: Noon.AddMinutes(9));
        var never = Park();
        var deferred = Park(at: Noon.AddSeconds(1));
        foreach (var park in (Append[])[due, later, never, deferred])
        {
            await store.AppendAsync(park, default);
        }

        await store.RecordAsync(never.CallId, Approve("alice"));
        await store.RecordAsync(deferred.CallId, Approve("alice"));
        await store.RecordAsync(deferred.CallId, new CallCommand.Defer(null, "away", Noon.AddMinutes(2), Noon));

        Assert.Empty(await store.FindPastDueAsync(Noon.AddSeconds(59), 10, default));
        Assert.Equal([due.CallId], await store.FindPastDueAsync(Noon.AddMinutes(1), 10, default));
        Assert.Equal([due.CallId, later.CallId], (await store.FindPastDueAsync(Noon.AddMinutes(59), 10, default)));
        Assert.Equal([due.CallId], (await store.FindPastDueAsync(Noon.AddMinutes(59), 1, default)));
        Assert.Contains(never.CallId, await store.FindPastDueAsync(Noon.AddHours(1), 10, default));

        Assert.Equal([never.CallId], await store.FindDispatchableAsync(Scope, [Fingerprint, "fp-2"], Noon.AddMinutes(1), 10, default));
        Assert.Equal([never.CallId, deferred.CallId], await store.FindDispatchableAsync(Scope, [Fingerprint], Noon.AddMinutes(2), 10, default));
        Assert.Empty(await store.FindDispatchableAsync(Scope, [Fingerprint], Noon.AddHours(1), 10, default));
        Assert.Empty(await store.FindDispatchableAsync("other", [Fingerprint], Noon, 10, default));
        Assert.Empty(await store.FindDispatchableAsync(Scope, ["FP-1"], Noon, 10, default));
        Assert.Empty(await store.FindDispatchableAsync(Scope, [], Noon, 10, default));
        Assert.Equal([never.CallId, deferred.CallId], (await store.FindByStatusAsync(Scope, "approved", 10, default)).Select(r => r.CallId));
    }
}
