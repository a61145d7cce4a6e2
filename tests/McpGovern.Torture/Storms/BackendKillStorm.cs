using System.Diagnostics;
using McpGovern.Storage;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace McpGovern.Torture.Storms;

/// <summary>The process behind a connection ends under load: asked to by an operator, or by SIGKILL, after which the whole server recovers.</summary>
internal sealed class BackendKillStorm : Storm
{
    private const int Callers = 8, KillsInARow = 5;
    private const string EarlyAck = "acknowledge first";

    private const string Backends =
        "select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()";

    public override string Name => "PostgreSQL backends killed under load";
    public override string Unit => "backend kills";
    public override int Full => 200;
    public override IReadOnlyList<(string, int)> Controls => [(EarlyAck, 30)];

    public override string? WhyNot() => PostgresStorms.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var text = await server.CreateOwnDatabaseAsync();
        var opened = CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance);
        await using ICallStore store = bug is null ? opened : new HastyStore(opened, nameof(McpGovern.Calls.ToolApprovalRequired));
        await store.PrepareAsync(default);
        while (tally.Done < count && (bug is null || tally.Violations == 0))
        {
            using var stop = new CancellationTokenSource();
            var loading = PostgresStorms.LoadAsync(store, Callers, onlyParks: bug is not null, tally, stop.Token);
            for (var kills = 0; kills < KillsInARow; kills++)
            {
                await Task.Delay(50 + random.Next(200), CancellationToken.None);
                await KillAsync(text, hard: kills == KillsInARow - 1, random, tally);
            }

            await Task.Delay(200, CancellationToken.None);
            await stop.CancelAsync();
            var acknowledged = await loading;
            tally.Note("acknowledged", acknowledged.Count);
            foreach (var wrong in await Writer.LookAsync(text, acknowledged))
            {
                tally.Violation(wrong);
            }
        }
    }

    private static async Task KillAsync(string text, bool hard, Random random, Tally tally)
    {
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(text) { Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(hard ? Backends : $"select pg_terminate_backend(pid)::int from ({Backends}) as b order by random() limit {1 + random.Next(4)}", connection);
            await using var reader = await command.ExecuteReaderAsync();
            if (await reader.ReadAsync() && hard)
            {
                using var backend = Process.GetProcessById(reader.GetInt32(0));
                backend.Kill();
            }

            tally.Count();
            tally.Note(hard ? "SIGKILL" : "pg_terminate_backend");
        }
        catch (Exception e) when (e is NpgsqlException or ArgumentException)
        {
            // It recovers from the last one.
        }
    }
}
