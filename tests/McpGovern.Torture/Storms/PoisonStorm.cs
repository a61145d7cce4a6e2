using System.Data.Common;
using System.Text;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace McpGovern.Torture.Storms;

/// <summary>Stored events are changed behind the product's back: it may refuse that call, and must go on with all others.</summary>
internal sealed class PoisonStorm(string engine) : Storm
{
    private const int Batch = 50;

    private bool Postgres => engine == "postgres";

    private string Table => Postgres ? "mcpgovern.mt_events" : "events";

    public override string Name => $"poisoned events, {engine}";
    public override string Unit => "mutations";
    public override int Full => 5_000;
    public override IReadOnlyList<(string, int)> Controls => [("a reader that skips what it cannot read", Batch)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        using var folder = new TempFolder();
        var text = engine == "postgres" ? await PostgresServer.CreateDatabaseAsync() : $"sqlite:{folder.File("store.db")}";
        await using var store = CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        await using var raw = await OpenAsync(text);
        var healthy = await TestCalls.RandomHistoryAsync(store, random);
        while (tally.Done < count && (bug is null || tally.Violations == 0))
        {
            var calls = new List<string>();
            for (var i = 0; i < Batch; i++)
            {
                calls.Add(await TestCalls.RandomHistoryAsync(store, random));
            }

            foreach (var call in calls)
            {
                var changed = await MutateAsync(raw, call, random);
                tally.Count();
                await JudgeAsync(raw, store, call, changed, bug is not null, tally);
            }

            if (await store.LoadAsync(healthy, default) is null || (await store.ListAsync(new([], 200), default)).Calls.Count == 0)
            {
                tally.Violation("a healthy call is not served beside poisoned ones");
            }
        }
    }

    /// <summary>What is read from the changed text must be what it says: nothing may be skipped, and no other exception may come out.</summary>
    private async Task JudgeAsync(DbConnection raw, ICallStore store, string callId, string changed, bool skips, Tally tally)
    {
        try
        {
            var events = skips ? await SkipAsync(raw, callId) : (await store.LoadAsync(callId, default))!.Events;
            var rows = (await RowsAsync(raw, callId)).Count;
            if (events.Count != rows)
            {
                tally.Violation($"{rows - events.Count} of {rows} events were skipped, for {changed}");
            }

            _ = Call.Replay(events);
            tally.Note("still an event");
        }
        catch (InvalidDataException)
        {
            tally.Note("refused");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            tally.Violation($"{e.GetType().Name} instead of a refusal, for {changed}: {e.Message}");
        }
    }

    /// <summary>The bug: what cannot be read is passed over, and the call goes on as if it had not happened.</summary>
    private async Task<IReadOnlyList<CallEvent>> SkipAsync(DbConnection raw, string callId)
    {
        var events = new List<CallEvent>();
        foreach (var (_, type, data) in await RowsAsync(raw, callId))
        {
            try
            {
                events.Add(EventTypes.Read(type, data));
            }
            catch (InvalidDataException)
            {
                // Passed over.
            }
        }

        return events;
    }

    private async Task<List<(long Seq, string Type, string Data)>> RowsAsync(DbConnection raw, string callId)
    {
        await using var read = raw.CreateCommand();
        read.CommandText = $"select seq_id, type, data{(Postgres ? "::text" : "")} from {Table} where stream_id = '{callId}' order by version";
        var rows = new List<(long, string, string)>();
        await using var reader = await read.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add((reader.GetInt64(0), reader.GetString(1), reader.GetString(2)));
        }

        return rows;
    }

    private async Task<string> MutateAsync(DbConnection raw, string callId, Random random)
    {
        var rows = await RowsAsync(raw, callId);
        var (seq, _, data) = rows[random.Next(rows.Count)];
        while (true)
        {
            var changed = Mutated(data, random);
            await using var write = raw.CreateCommand();
            var (column, value) = random.Next(10) == 0 ? ("type", "call_was_tampered") : ("data", changed);
            write.CommandText = $"update {Table} set {column} = @value{(Postgres && column == "data" ? "::jsonb" : "")} where seq_id = {seq}";
            var parameter = write.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ("value", value);
            write.Parameters.Add(parameter);
            try
            {
                await write.ExecuteNonQueryAsync();
                return value;
            }
            catch (PostgresException)
            {
                // No jsonb: this change cannot be in such a table.
            }
        }
    }

    private static string Mutated(string json, Random random)
    {
        var text = new StringBuilder(json);
        for (var times = random.Next(1, 4); times > 0 && text.Length > 0; times--)
        {
            var at = random.Next(text.Length);
            _ = random.Next(5) switch
            {
                0 => text.Remove(at, 1),
                1 => text.Insert(at, "\"{}[]:,0x\\"[random.Next(9)]),
                2 => text.Remove(at, random.Next(text.Length - at)),
                3 => text.Replace("\"", "'", at, text.Length - at),
                _ => text.Replace(text[at], (char)random.Next(32, 127), at, 1),
            };
        }

        return text.ToString();
    }

    private async Task<DbConnection> OpenAsync(string text)
    {
        DbConnection connection = engine == "postgres" ? new NpgsqlConnection(text) : new SqliteConnection($"Data Source={text["sqlite:".Length..]};Pooling=false");
        await connection.OpenAsync();
        return connection;
    }
}
