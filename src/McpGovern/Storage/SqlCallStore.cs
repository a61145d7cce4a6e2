using System.Data.Common;
using McpGovern.Calls;

namespace McpGovern.Storage;

/// <summary>What both stores share: the reads and the small writes, in SQL that both databases understand.</summary>
internal abstract partial class SqlCallStore(SqlDialect sql, string description, ILogger log) : ICallStore
{
    private const int MaxPage = 200;
    private readonly string calls = $"{sql.Schema}calls c";
    private volatile bool isPrepared;

    public string Description { get; } = description;

    public async Task PrepareAsync(CancellationToken ct)
    {
        await CreateOrUpgradeAsync(ct);
        isPrepared = true;
    }

    // A store that was away when its process started may be of another version when it comes, and is asked before anything is written.
    public async Task<AppendResult> AppendAsync(Append append, CancellationToken ct)
    {
        if (!isPrepared)
        {
            try
            {
                await PrepareAsync(ct);
            }
            catch (Exception e) when (e is StoreRefusedException or StoreUnavailableException)
            {
                throw new StoreUnavailableException(e.Message, e);
            }
        }

        return await WriteAsync(append, ct);
    }

    public abstract Task WaitForChangeAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct);

    public abstract ValueTask DisposeAsync();

    protected abstract Task CreateOrUpgradeAsync(CancellationToken ct);

    protected abstract Task<AppendResult> WriteAsync(Append append, CancellationToken ct);

    /// <summary>Runs one reading statement; a failing store becomes <see cref="StoreUnavailableException"/>.</summary>
    protected abstract Task<T> QueryAsync<T>(SqlText text, Func<DbDataReader, CancellationToken, Task<T>> read, CancellationToken ct);

    /// <summary>Runs one writing statement that may be repeated without harm, durably.</summary>
    /// <returns>How many rows it changed.</returns>
    protected abstract Task<int> ExecuteAsync(SqlText text, CancellationToken ct);

    /// <summary>Writes the row if the stream is still at the row's version.</summary>
    protected abstract Task RepairAsync(CallRow row, CancellationToken ct);

    public async Task<StoredCall?> LoadAsync(string callId, CancellationToken ct)
    {
        var streams = await ReadStreamsAsync(new(
            $"select e.stream_id, e.type, e.data from {sql.Events} e where e.stream_id = @id{sql.LiveEvents} order by e.version",
            ("id", callId)), ct);
        return streams.Count == 0 ? null : streams[0].Read();
    }

    public Task<StoredResult?> LoadResultAsync(string callId, CancellationToken ct) => FirstAsync(
        new($"select kind, json, at from {sql.Schema}results where call_id = @id", ("id", callId)),
        reader => new StoredResult(reader.GetString(0), reader.GetFieldValue<byte[]>(1), sql.ReadInstant(reader, 2)), ct);

    public Task<int> DropResultsAsync(DateTimeOffset before, CancellationToken ct) =>
        ExecuteAsync(new($"delete from {sql.Schema}results where at < @before", ("before", sql.Instant(before))), ct);

    public async Task<CallPage> ListAsync(CallQuery query, CancellationToken ct)
    {
        var limit = Math.Clamp(query.Limit, 1, MaxPage);
        var filter = new RowFilter();
        filter.Where("scope", query.Scope).Where("server", query.Server).Where("tool", query.Tool).Where("requested_by", query.RequestedBy);
        if (query.Statuses.Count > 0)
        {
            filter.WhereIn("status", query.Statuses);
        }

        if (query.Cursor is { } text)
        {
            var cursor = PageCursor.Read(text);
            filter.And("(c.requested_at, c.call_id) < (@cursor_at, @cursor_id)", ("cursor_at", sql.Instant(cursor.RequestedAt)), ("cursor_id", cursor.CallId));
        }

        // One statement, so that a row and its stream are of one moment.
        var streams = await ReadStreamsAsync(new(
            $"select e.stream_id, e.type, e.data, p.requested_at from (select c.call_id, c.requested_at from {calls} where {filter} " +
            $"order by c.requested_at desc, c.call_id desc limit {limit + 1}) p {sql.JoinEvents("p.call_id")} " +
            "order by p.requested_at desc, p.call_id desc, e.version", filter.Parameters), ct, withInstant: true);

        var page = streams.Take(limit).ToList();
        return new(
            [.. page.Select(ReadOrReport).OfType<StoredCall>()],
            streams.Count > limit ? new PageCursor(page[^1].RequestedAt, page[^1].CallId).Write() : null);
    }

    public async Task<int> CountPendingAsync(string scope, string requestedBy, CancellationToken ct)
    {
        var filter = new RowFilter().And("c.status = 'pending'").Where("scope", scope).Where("requested_by", requestedBy);
        var counts = await ListAsync(new($"select count(*) from {calls} where {filter}", filter.Parameters), reader => reader.GetInt64(0), ct);
        return (int)counts.Sum();
    }

    public Task<string?> FindByAttachKeyAsync(string scope, string attachKey, CancellationToken ct)
    {
        var filter = new RowFilter().Where("scope", scope).Where("attach_key", attachKey);
        return FirstAsync(
            new($"select c.call_id from {calls} where {filter} order by c.requested_at desc, c.call_id desc limit 1", filter.Parameters),
            reader => reader.GetString(0), ct);
    }

    public Task<IReadOnlyList<CallRow>> FindByExecutionAsync(string executionId, CancellationToken ct) =>
        RowsAsync(new RowFilter().Where("execution_id", executionId), MaxPage, ct);

    public Task<IReadOnlyList<string>> FindPastDueAsync(DateTimeOffset now, int limit, CancellationToken ct) =>
        IdsAsync(new RowFilter().And("c.status in ('pending', 'approved') and c.due_at <= @now", ("now", sql.Instant(now))), "c.due_at", limit, ct);

    public Task<IReadOnlyList<string>> FindDispatchableAsync(
        string scope, IReadOnlyCollection<string> fingerprints, DateTimeOffset now, int limit, CancellationToken ct)
    {
        if (fingerprints.Count == 0)
        {
            return Task.FromResult<IReadOnlyList<string>>([]);
        }

        var filter = new RowFilter()
            .And("c.status = 'approved' and (c.retry_at is null or c.retry_at <= @now) and (c.due_at is null or c.due_at > @now)", ("now", sql.Instant(now)))
            .Where("scope", scope).WhereIn("fingerprint", fingerprints);
        return IdsAsync(filter, "c.requested_at", limit, ct);
    }

    public Task<IReadOnlyList<CallRow>> FindByStatusAsync(string scope, string status, int limit, CancellationToken ct) =>
        RowsAsync(new RowFilter().Where("scope", scope).Where("status", status), limit, ct);

    public abstract Task<IReadOnlyList<CallRow>> FindOrphansAsync(int limit, CancellationToken ct);

    /// <summary>Calls whose process holds no lease at the instant, or might be seen to be dead; with that process's lease and its end.</summary>
    protected async Task<IReadOnlyList<(CallRow Row, ProcessLease? Lease, DateTimeOffset Until)>> OrphanCandidatesAsync(
        string condition, (string, object?)[] parameters, int limit, CancellationToken ct) => await QueryAsync(
        new($"select {CallRowSql.Columns}, l.id, l.host, l.process_id, l.started_at, l.until from {calls} left join {sql.Schema}leases l on l.id = c.process " +
            $"where c.process is not null and ({condition}) order by c.requested_at, c.call_id limit {limit}", parameters),
        async (reader, token) =>
        {
            var found = new List<(CallRow, ProcessLease?, DateTimeOffset)>();
            while (await reader.ReadAsync(token))
            {
                var row = CallRowSql.Read(reader, sql);
                var lease = CallRowSql.Count;
                found.Add(await reader.IsDBNullAsync(lease, token) ? (row, null, default)
                    : (row, new(reader.GetString(lease), reader.GetString(lease + 1), reader.GetInt32(lease + 2), reader.GetString(lease + 3)),
                        sql.ReadInstant(reader, lease + 4)));
            }

            return found;
        }, ct);

    public abstract Task RenewLeaseAsync(ProcessLease lease, TimeSpan lasts, CancellationToken ct);

    /// <param name="until">SQL for the lease's end, with its parameter.</param>
    protected Task RenewLeaseAsync(ProcessLease lease, string until, (string, object?) parameter, CancellationToken ct) => ExecuteAsync(new(
        $"insert into {sql.Schema}leases (id, host, process_id, started_at, until) values (@id, @host, @process_id, @started_at, {until}) " +
        "on conflict (id) do update set until = excluded.until",
        ("id", lease.Id), ("host", lease.Host), ("process_id", lease.ProcessId), ("started_at", lease.StartedAt), parameter), ct);

    public Task EndLeaseAsync(ProcessLease lease, CancellationToken ct) =>
        ExecuteAsync(new($"delete from {sql.Schema}leases where id = @id", ("id", lease.Id)), ct);

    public Task SaveToolsAsync(string scope, string fingerprint, string json, CancellationToken ct)
    {
        StorableText.Check(scope, nameof(scope));
        StorableText.Check(fingerprint, nameof(fingerprint));
        StorableText.Check(json, nameof(json));
        return ExecuteAsync(new(
            $"insert into {sql.Schema}tools (scope, fingerprint, json) values (@scope, @fingerprint, @json) " +
            "on conflict (scope, fingerprint) do update set json = excluded.json",
            ("scope", scope), ("fingerprint", fingerprint), ("json", json)), ct);
    }

    public Task<string?> LoadToolsAsync(string scope, string fingerprint, CancellationToken ct) => FirstAsync(
        new($"select json from {sql.Schema}tools where scope = @scope and fingerprint = @fingerprint", ("scope", scope), ("fingerprint", fingerprint)),
        reader => reader.GetString(0), ct);

    public Task<IReadOnlyList<string>> RebuildAsync(bool repair, CancellationToken ct) =>
        new CallRebuild(sql, QueryAsync, ExecuteAsync, RepairAsync, (id, fault) => StorageLog.Unreadable(log, Description, id, fault)).RunAsync(repair, ct);

    protected Task<T?> FirstAsync<T>(SqlText text, Func<DbDataReader, T> read, CancellationToken ct) where T : class =>
        text.IsImpossible ? Task.FromResult<T?>(null) : QueryAsync<T?>(text, async (reader, token) => await reader.ReadAsync(token) ? read(reader) : null, ct);

    private async Task<IReadOnlyList<string>> IdsAsync(RowFilter filter, string order, int limit, CancellationToken ct) => await ListAsync(
        new($"select c.call_id from {calls} where {filter} order by {order}, c.call_id limit {limit}", filter.Parameters), reader => reader.GetString(0), ct);

    private async Task<IReadOnlyList<CallRow>> RowsAsync(RowFilter filter, int limit, CancellationToken ct) => await ListAsync(
        new($"select {CallRowSql.Columns} from {calls} where {filter} order by c.requested_at, c.call_id limit {limit}", filter.Parameters),
        reader => CallRowSql.Read(reader, sql), ct);

    private Task<List<T>> ListAsync<T>(SqlText text, Func<DbDataReader, T> read, CancellationToken ct) =>
        text.IsImpossible ? Task.FromResult<List<T>>([]) : QueryAsync(text, async (reader, token) =>
        {
            var found = new List<T>();
            while (await reader.ReadAsync(token))
            {
                found.Add(read(reader));
            }

            return found;
        }, ct);

    private async Task<List<StreamText>> ReadStreamsAsync(SqlText text, CancellationToken ct, bool withInstant = false)
    {
        var streams = new List<StreamText>();
        var events = await ListAsync(text, reader => (Id: reader.GetString(0), Type: reader.GetString(1), Data: reader.GetString(2),
            At: withInstant ? sql.ReadInstant(reader, 3) : default), ct);
        foreach (var (id, type, data, at) in events)
        {
            if (streams.Count == 0 || streams[^1].CallId != id)
            {
                streams.Add(new(id, at));
            }

            streams[^1].Add(type, data);
        }

        return streams;
    }

    private StoredCall? ReadOrReport(StreamText stream)
    {
        try
        {
            return stream.Read();
        }
        catch (InvalidDataException e)
        {
            StorageLog.Unreadable(log, Description, stream.CallId, e.Message);
            return null;
        }
    }
}
