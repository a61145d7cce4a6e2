using McpGovern.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Storage;

/// <summary>What every store does; each store's class runs all of it.</summary>
public abstract partial class CallStoreContract : IAsyncLifetime
{
    private readonly List<ICallStore> opened = [];
    private string? text;

    /// <summary>The setting's text of a new, empty store.</summary>
    protected abstract Task<string> CreateAsync();

    /// <summary>Runs a statement behind the store's back.</summary>
    protected abstract Task TamperAsync(string storeText, string sql);

    /// <summary>How a table is called in this database.</summary>
    protected abstract string Table(string name);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var store in opened)
        {
            await store.DisposeAsync();
        }
    }

    private protected async Task<string> TextAsync() => text ??= await CreateAsync();

    /// <summary>The test's store; each call opens it once more, as another process would.</summary>
    private protected async Task<ICallStore> OpenAsync(bool prepare = true)
    {
        var store = Open(await TextAsync());
        if (prepare)
        {
            await store.PrepareAsync(default);
        }

        return store;
    }

    private protected ICallStore Open(string storeText)
    {
        var store = CallStores.Open(storeText, TimeProvider.System, NullLoggerFactory.Instance);
        opened.Add(store);
        return store;
    }

    private protected static async Task<T> EventuallyAsync<T>(Func<Task<T>> look, Func<T, bool> isGood)
    {
        for (var attempt = 0; ; attempt++)
        {
            var seen = await look();
            if (isGood(seen) || attempt == 600)
            {
                return seen;
            }

            await Task.Delay(50);
        }
    }
}
