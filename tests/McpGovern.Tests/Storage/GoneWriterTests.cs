using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using static McpGovern.Tests.Storage.TestCalls;

namespace McpGovern.Tests.Storage;

/// <summary>Whoever goes away while the server is at it is told what became of it: nothing is left behind that its writer does not know of.</summary>
public sealed class GoneWriterTests
{
    [SkippableFact]
    public async Task Addition_WhoseWriterGoesAwayMeanwhile_IsTold() =>
        Assert.Equal("mine"u8.ToArray(), await BehindALockAsync((store, gone) => store.AddAsync("used:x", "mine"u8.ToArray(), null, Noon, gone)));

    [SkippableFact]
    public async Task Key_MadeWhileItsMakerGoesAway_IsShown()
    {
        var (text, key, _) = await BehindALockAsync((store, gone) => new ApiKeys(store, [], TimeProvider.System).CreateAsync("agent:coder", ["caller"], null, "alice", gone));

        Assert.NotNull(text);
        Assert.True(key!.Opens(text));
    }

    /// <summary>The write stands at the server when its token is cancelled, and goes on after that.</summary>
    private static async Task<T> BehindALockAsync<T>(Func<ICallStore, CancellationToken, Task<T>> write)
    {
        var text = await PostgresServer.CreateDatabaseAsync();
        await using var store = CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        using var gone = new CancellationTokenSource();
        await using var locker = new NpgsqlConnection(text + ";Pooling=false");
        await locker.OpenAsync();
        await using var transaction = await locker.BeginTransactionAsync();
        await SayAsync("lock table mcpgovern.state in exclusive mode");

        var writing = write(store, gone.Token);
        await Eventually.TrueAsync(
            async () => await SayAsync("select count(*) from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())") is > 0L,
            () => "the write does not wait");
        await gone.CancelAsync();
        await transaction.RollbackAsync();
        return await writing;

        async Task<object?> SayAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, locker);
            return await command.ExecuteScalarAsync();
        }
    }
}
