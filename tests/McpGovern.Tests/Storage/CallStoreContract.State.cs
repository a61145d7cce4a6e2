using System.Text;
using static McpGovern.Tests.Storage.TestCalls;

namespace McpGovern.Tests.Storage;

public abstract partial class CallStoreContract
{
    [SkippableFact]
    public async Task State_WrittenTwice_IsTheLast_AndEndsAtItsTime()
    {
        var store = await OpenAsync();
        await store.WriteAsync("k:a", "1"u8.ToArray(), null, default);
        await store.WriteAsync("k:a", [0, 255, 2], Noon.AddMinutes(1), default);
        await store.WriteAsync("k:b", "b"u8.ToArray(), null, default);
        await store.WriteAsync("k_c", "c"u8.ToArray(), null, default);

        Assert.Equal([0, 255, 2], await store.ReadAsync("k:a", Noon, default));
        Assert.Null(await store.ReadAsync("k:a", Noon.AddMinutes(1), default));
        Assert.Equal(["k:a", "k:b"], (await store.ReadAllAsync("k:", Noon, default)).Select(e => e.Key));
        Assert.Equal(1, await store.DropStateAsync(Noon.AddMinutes(1), default));
        await store.RemoveAsync("k:b", default);
        Assert.Empty(await store.ReadAllAsync("k:", Noon, default));
    }

    [SkippableFact]
    public async Task State_AddedByManyAtOnce_IsTheFirsts_ForAll()
    {
        var store = await OpenAsync();
        var stood = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => store.AddAsync("key:seal", Encoding.UTF8.GetBytes($"{i}"), null, Noon, default)));

        Assert.Single(stood.Select(Encoding.UTF8.GetString).Distinct());
        Assert.Equal(stood[0], await store.AddAsync("key:seal", "other"u8.ToArray(), null, Noon, default));
    }

    [SkippableFact]
    public async Task State_AddedAfterItsTimeIsUp_IsTheNewOne()
    {
        var store = await OpenAsync();
        await store.AddAsync("used:x", "1"u8.ToArray(), Noon, Noon.AddMinutes(-1), default);

        Assert.Equal("2"u8.ToArray(), await store.AddAsync("used:x", "2"u8.ToArray(), Noon.AddMinutes(2), Noon, default));
    }
}
