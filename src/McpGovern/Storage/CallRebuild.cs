using System.Data.Common;
using McpGovern.Calls;

namespace McpGovern.Storage;

/// <summary>Computes every row afresh from its stream and compares; the rows are a cache, the streams are the truth.</summary>
internal sealed class CallRebuild(
    SqlDialect sql,
    CallRebuild.Query query,
    Func<SqlText, CancellationToken, Task<int>> execute,
    Func<CallRow, CancellationToken, Task> repairRow,
    Action<string, string> reportUnreadable)
{
    private const int PageSize = 200, RowColumns = 3;

    public delegate Task<List<Found>> Query(SqlText text, Func<DbDataReader, CancellationToken, Task<List<Found>>> read, CancellationToken ct);

    public async Task<IReadOnlyList<string>> RunAsync(bool repair, CancellationToken ct)
    {
        var differing = await DropStreamlessAsync(repair, ct);
        for (string? after = ""; after is not null;)
        {
            var page = await PageAsync(after, ct);
            foreach (var (stream, row) in page)
            {
                if (ComputeOrReport(stream) is { } computed && computed != row)
                {
                    differing.Add(stream.CallId);
                    await (repair ? repairRow(computed, ct) : Task.CompletedTask);
                }
            }

            after = page.Count < PageSize ? null : page[^1].Stream.CallId;
        }

        return differing;
    }

    // Events and row come from one statement, so that an append in between is not taken for a difference.
    private Task<List<Found>> PageAsync(string after, CancellationToken ct) => query(
        new($"select s.id, e.type, e.data, {CallRowSql.Columns} from (select id from {sql.Streams} where type = 'call' and id > @after order by id " +
            $"limit {PageSize}) s join {sql.Events} e on e.stream_id = s.id left join {sql.Schema}calls c on c.call_id = s.id " +
            $"where true{sql.LiveEvents} order by s.id, e.version", ("after", after)),
        async (reader, token) =>
        {
            var found = new List<Found>();
            while (await reader.ReadAsync(token))
            {
                if (found.Count == 0 || found[^1].Stream.CallId != reader.GetString(0))
                {
                    var row = await reader.IsDBNullAsync(RowColumns, token) ? null : CallRowSql.Read(reader, sql, RowColumns);
                    found.Add(new(new(reader.GetString(0), default), row));
                }

                found[^1].Stream.Add(reader.GetString(1), reader.GetString(2));
            }

            return found;
        }, ct);

    private async Task<List<string>> DropStreamlessAsync(bool repair, CancellationToken ct)
    {
        var streamless = $"not exists (select 1 from {sql.Events} e where e.stream_id = calls.call_id{sql.LiveEvents})";
        var found = await query(new($"select call_id from {sql.Schema}calls where {streamless}"), async (reader, token) =>
        {
            var ids = new List<Found>();
            while (await reader.ReadAsync(token))
            {
                ids.Add(new(new(reader.GetString(0), default), null));
            }

            return ids;
        }, ct);
        if (repair && found.Count > 0)
        {
            await execute(new($"delete from {sql.Schema}calls where {streamless}"), ct);
        }

        return [.. found.Select(f => f.Stream.CallId)];
    }

    private CallRow? ComputeOrReport(StreamText stream)
    {
        try
        {
            return stream.ReadRow();
        }
        catch (InvalidDataException e)
        {
            reportUnreadable(stream.CallId, e.Message);
            return null;
        }
    }

    /// <summary>A stream beside the row that is kept of it.</summary>
    internal sealed record Found(StreamText Stream, CallRow? Row);
}
