using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace McpGovern.Torture.Grounds;

/// <summary>The table of events, behind the product's back.</summary>
internal sealed class RawEvents : IAsyncDisposable
{
    private readonly DbConnection connection;

    private RawEvents(DbConnection connection) => this.connection = connection;

    private bool Postgres => connection is NpgsqlConnection;

    private string Table => Postgres ? "mcpgovern.mt_events" : "events";

    /// <param name="store">As in the settings of a gateway.</param>
    public static async Task<RawEvents> OpenAsync(string store)
    {
        const string File = "sqlite:";
        var raw = new RawEvents(store.StartsWith(File, StringComparison.Ordinal)
            ? new SqliteConnection($"Data Source={store[File.Length..]};Pooling=false") : new NpgsqlConnection(store));
        await raw.connection.OpenAsync();
        return raw;
    }

    public async Task<List<(long Seq, string Type, string Data)>> RowsAsync(string callId)
    {
        await using var read = connection.CreateCommand();
        read.CommandText = $"select seq_id, type, data{(Postgres ? "::text" : "")} from {Table} where stream_id = '{callId}' order by version";
        var rows = new List<(long, string, string)>();
        await using var reader = await read.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add((reader.GetInt64(0), reader.GetString(1), reader.GetString(2)));
        }

        return rows;
    }

    /// <returns>What one of the call's events says now.</returns>
    public async Task<string> MutateAsync(string callId, Random random)
    {
        var rows = await RowsAsync(callId);
        var (seq, _, data) = rows[random.Next(rows.Count)];
        while (true)
        {
            var (column, value) = random.Next(10) == 0 ? ("type", "call_was_tampered") : ("data", Mutated(data, random));
            try
            {
                await WriteAsync(seq, column, value);
                return value;
            }
            catch (PostgresException)
            {
                // No jsonb: this change cannot be in such a table.
            }
        }
    }

    /// <summary>Another text in the place of one in what was submitted.</summary>
    public async Task ForgeAsync(string callId, string was, string now)
    {
        var (seq, _, data) = (await RowsAsync(callId))[0];
        if (!data.Contains(was, StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"no '{was}' in {data}");
        }

        await WriteAsync(seq, "data", data.Replace(was, now, StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private async Task WriteAsync(long seq, string column, string value)
    {
        await using var write = connection.CreateCommand();
        write.CommandText = $"update {Table} set {column} = @value{(Postgres && column == "data" ? "::jsonb" : "")} where seq_id = {seq}";
        var parameter = write.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("value", value);
        write.Parameters.Add(parameter);
        await write.ExecuteNonQueryAsync();
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
}
