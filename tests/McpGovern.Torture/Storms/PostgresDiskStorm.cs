using System.Globalization;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace McpGovern.Torture.Storms;

/// <summary>
/// The disk under PostgreSQL is full for its tables, or for all that it writes, or fails its syncs: it refuses, or crashes and recovers,
/// or stops. Nothing acknowledged is lost, what is refused is refused clearly, and with a sound disk it goes on.
/// </summary>
internal sealed class PostgresDiskStorm : Storm
{
    private const int Callers = 8, DeepestFault = 20;
    private const string EarlyAck = "acknowledge first", WantOfRoom = "refused for want of room";

    private static readonly TimeSpan LongestCure = TimeSpan.FromSeconds(30);

    private static readonly Fault[] Faults =
    [
        new("its tables' disk full", "pwrite64,pwritev:error=ENOSPC", OnlyTables: true),
        new("its disk full", "pwrite64,pwritev:error=ENOSPC"),
        new("its syncs fail", "fdatasync,fsync:error=EIO"),
    ];

    private const string Tables = """
        select current_setting('data_directory') || '/' || pg_relation_filepath(c.oid)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'mcpgovern' and c.relkind in ('r', 'i')
        """;

    // Each start has its own, whether it is the server's or a recovery's.
    private const string Checkpointer = "select pid::text from pg_stat_activity where backend_type = 'checkpointer'";

    public override string Name => "disk faults, PostgreSQL";
    public override string Unit => "faults";
    public override int Full => 100;
    public override IReadOnlyList<(string, int)> Controls => [(EarlyAck, 6)];

    public override string? WhyNot() => PostgresStorms.WhyNot() ?? StraceOn.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var server = await PostgresServer.StartOwnAsync();
        for (var n = 0; tally.Done < count && n < 4 * count && (bug is null || tally.Violations == 0); n++)
        {
            var fault = Faults[n % Faults.Length];
            // From the nth of each process on, or only the nth: a disk that is gone, or one that recovers.
            var when = string.Create(CultureInfo.InvariantCulture, $"{1 + random.Next(DeepestFault)}{(random.Next(3) > 0 ? "+" : "")}");
            await RoundAsync(server, tally, fault, when, random, bug);
        }

        if (bug is null && tally.Notes.GetValueOrDefault(WantOfRoom) == 0)
        {
            tally.Violation("no refusal said that the disk is full");
        }
    }

    private static async Task RoundAsync(PostgresServer server, Tally tally, Fault fault, string when, Random random, string? bug)
    {
        var text = await server.CreateOwnDatabaseAsync();
        var opened = CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance);
        await using ICallStore store = bug is null ? opened : new HastyStore(opened, nameof(ToolApprovalRequired));
        await store.PrepareAsync(default);
        using var stop = new CancellationTokenSource();
        Task<Dictionary<string, long>> loading;
        bool isHit;
        var before = await AskAsync(text, Checkpointer);
        await using (var strace = await StraceOn.AllOfAsync(await server.ProcessAsync(), $"{fault.Inject}:when={when}", fault.OnlyTables ? await AskAsync(text, Tables) : []))
        {
            loading = PostgresStorms.LoadAsync(store, Callers, onlyParks: bug is not null, tally, stop.Token, e => Note(tally, e));
            isHit = await strace.HasHitAsync(TimeSpan.FromSeconds(5));
            await Task.Delay(random.Next(500), CancellationToken.None);
        }

        var what = $"{fault.Name} from write or sync {when} on";
        await CureAsync(server, tally, what);
        if (!before.SequenceEqual(await AskAsync(text, Checkpointer)))
        {
            tally.Note("crashed and recovered");
        }

        await stop.CancelAsync();
        var acknowledged = await loading;
        if (bug is not null)
        {
            // What was only late is written by now.
            await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
        }

        tally.Note("acknowledged", acknowledged.Count);
        foreach (var wrong in await Writer.LookAsync(text, acknowledged))
        {
            tally.Violation($"{what}: {wrong}");
        }

        await GoOnAsync(opened, tally, what);
        tally.Note(isHit ? fault.Name : $"not reached: {fault.Name}");
        tally.Count(isHit ? 1 : 0);
    }

    private static void Note(Tally tally, StoreUnavailableException refused)
    {
        if (refused.Message.Contains("make room on its disk", StringComparison.Ordinal))
        {
            tally.Note(WantOfRoom);
        }
    }

    /// <summary>It recovers by itself where it crashed, and is started again where it stopped.</summary>
    private static async Task CureAsync(PostgresServer server, Tally tally, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await server.AnswersAsync())
        {
            if (server.HasEnded())
            {
                tally.Note("stopped by itself");
                await server.StopAsync();
                await server.StartAsync();
                return;
            }

            if (TimeProvider.System.GetElapsedTime(began) > LongestCure)
            {
                // What strace leaves may stand still: then all of it is killed, as an operator would.
                tally.Note($"did not come back, and was killed: {what}");
                await server.KillAsync();
                await server.StartAsync();
                return;
            }

            await Task.Delay(100);
        }
    }

    private static async Task GoOnAsync(ICallStore store, Tally tally, string what)
    {
        try
        {
            if (await store.AppendAsync(TestCalls.Park(), default) is not AppendResult.Appended)
            {
                tally.Violation($"{what}: with a sound disk a call is not taken");
            }
        }
        catch (StoreUnavailableException e)
        {
            tally.Violation($"{what}: with a sound disk it does not go on: {e.Message}");
        }
    }

    private static async Task<IReadOnlyList<string>> AskAsync(string text, string query)
    {
        await using var connection = new NpgsqlConnection(text + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(query, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private sealed record Fault(string Name, string Inject, bool OnlyTables = false);
}
