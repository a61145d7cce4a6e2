using McpGovern.Storage;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace McpGovern.Torture.Storms;

/// <summary>The connection breaks at an append, and the server hears the append some time later: it is told rightly whether it was stored.</summary>
internal sealed class DelayedCommitStorm : Storm
{
    private const string ReadBack = "conclude from reading back";

    public override string Name => "appends that arrive late, PostgreSQL";
    public override string Unit => "appends";
    public override int Full => 200;
    public override IReadOnlyList<(string, int)> Controls => [(ReadBack, 20)];

    public override string? WhyNot() => PostgresStorms.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var direct = await server.CreateOwnDatabaseAsync();
        await using var proxy = new CuttingProxy(server.Port);
        var through = new NpgsqlConnectionStringBuilder(direct) { Port = proxy.Port }.ConnectionString;
        await using var store = CallStores.Open(through, TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        while (tally.Done < count && (bug is null || tally.Violations == 0))
        {
            var park = TestCalls.Park();
            proxy.Arm(park.CallId, Cut.SentLate);
            var (told, inDoubt) = bug is null ? await AppendAsync(store, park) : (await AppendOnceAsync(direct, through, park), false);
            // Only now is everything said that will be.
            await proxy.Late;
            await using var look = CallStores.Open(direct, TimeProvider.System, NullLoggerFactory.Instance);
            var stored = await look.LoadAsync(park.CallId, default) is not null;
            tally.Count();
            tally.Note(told ? "acknowledged" : "refused");
            if (told && !stored)
            {
                tally.Violation($"acknowledged and not stored: {park.CallId}");
            }

            if (!told && !inDoubt && stored)
            {
                tally.Violation($"called not stored, and stored afterwards: {park.CallId}");
            }
        }
    }

    private static async Task<(bool Told, bool InDoubt)> AppendAsync(ICallStore store, Append append)
    {
        try
        {
            return (await store.AppendAsync(append, default) is AppendResult.Appended, false);
        }
        catch (StoreUnavailableException e)
        {
            return (false, e.InDoubt);
        }
    }

    /// <summary>The bug: after a broken connection, what is not there yet is taken for never coming.</summary>
    private static async Task<bool> AppendOnceAsync(string direct, string through, Append append)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(through) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        try
        {
            await PostgresAppend.RunAsync(connection, append, AppendCheck.Check(append), default);
            return true;
        }
        catch (NpgsqlException)
        {
            await using var look = CallStores.Open(direct, TimeProvider.System, NullLoggerFactory.Instance);
            return await look.LoadAsync(append.CallId, default) is not null;
        }
    }
}
