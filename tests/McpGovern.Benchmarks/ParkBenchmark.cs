using System.Globalization;
using McpGovern.Calls;
using McpGovern.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Benchmarks;

/// <summary>Parking a call durably in SQLite, beside one bare fsynced commit of the same engine with the same journal.</summary>
internal static class ParkBenchmark
{
    private const int Operations = 1024;
    private static readonly DateTimeOffset Start = TimeProvider.System.GetUtcNow();

    public static async Task<int> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("mcpgovern-bench-").FullName;
        try
        {
            await using var store = CallStores.Open($"sqlite:{Path.Combine(folder, "calls.db")}", TimeProvider.System, NullLoggerFactory.Instance);
            await store.PrepareAsync(CancellationToken.None);
            var streams = new CallStreams(store, TimeProvider.System);
            using var bare = OpenBare(Path.Combine(folder, "bare.db"));
            Console.WriteLine("| callers | McpGovern, µs per parked call | one bare commit, µs | ratio |");
            Console.WriteLine("|---|---|---|---|");
            foreach (var callers in (int[])[1, 8, 32])
            {
                var (ours, theirs, ratio) = await Interleaved.RunAsync(Operations,
                    n => Task.WhenAll(Enumerable.Range(0, callers).Select(_ => ParkAsync(streams, n / callers))), n => CommitAsync(bare, n));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {callers} | {ours:0} | {theirs:0} | {ratio:0.00} |"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static async Task ParkAsync(CallStreams streams, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var id = streams.NewCallId();
            var call = new CallSubmitted("bench", "payments", "submit", "fp", """{"amount":900}""", "sha256:a", "sha256:t", "agent:bench", "key:bench", null, null,
                CallId.ExecutionOf(id), "payments.submit", "default", id, null, null, null, null, null, Start);
            var gate = new ToolApprovalRequired("rule", "bench.yaml:1", "digest", "sha256:c", [], 1, false, false, "never", null, null, false, Start, Start);
            await streams.CreateAsync(id, new CallCommand.Park(call, gate, Start), CancellationToken.None);
        }
    }

    private static SqliteConnection OpenBare(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        Execute(connection, "pragma journal_mode=truncate; pragma synchronous=full; create table t(id integer primary key, body text)");
        return connection;
    }

    private static Task CommitAsync(SqliteConnection connection, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Execute(connection, "insert into t(body) values('one row, one commit')");
        }

        return Task.CompletedTask;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
