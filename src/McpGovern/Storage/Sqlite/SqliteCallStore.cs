using System.Collections.Concurrent;
using System.Data.Common;
using McpGovern.Calls;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace McpGovern.Storage;

/// <summary>Calls in one SQLite file, which several processes on one machine may share.</summary>
internal sealed class SqliteCallStore : SqlCallStore
{
    private const int MaxReaders = 4;
    private readonly SqliteFile file;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly ChangeSignal changed;
    private readonly SqliteChanges changes;
    private readonly SqliteWriter writer;
    private readonly SemaphoreSlim readers = new(MaxReaders);
    private readonly ConcurrentBag<SqliteConnection> idle = [];

    static SqliteCallStore() => Batteries_V2.Init();

    public SqliteCallStore(string path, TimeProvider time, ILogger log, string synchronous = "full") : base(SqliteDialect.Instance, $"sqlite:{path}", log)
    {
        (file, this.time, this.log) = (new(path, synchronous), time, log);
        changed = new(time);
        changes = new(file, changed);
        writer = new(file, changed, e => StorageLog.WriteFailed(log, e, Description));
    }

    protected override async Task CreateOrUpgradeAsync(CancellationToken ct)
    {
        file.Create();
        await writer.WriteAsync<object?>(session =>
        {
            SqliteSchema.Prepare(session, file.Path);
            return null;
        }, ct);
        StorageLog.Opened(log, Description, $"SQLite {SqliteFile.Engine}, journal mode {SqliteFile.JournalFor(SqliteFile.Engine)}");
    }

    protected override async Task<AppendResult> WriteAsync(Append append, CancellationToken ct)
    {
        var events = AppendCheck.Check(append);
        if (append.Then is not { } then)
        {
            return await writer.WriteAsync(session => SqliteAppend.Run(session, append, events, time.GetUtcNow()), ct);
        }

        var thenEvents = AppendCheck.Check(then);
        return await writer.WriteAsync(session => SqliteAppend.RunBoth(session, append, events, then, thenEvents, time.GetUtcNow()), ct);
    }

    public override Task WaitForChangeAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct) => changes.WaitAsync(cursor, atMost, ct);

    /// <summary>On the same machine an owner is seen to live or not; a lease counts where that cannot be seen, and where the owner is stopped.</summary>
    public override async Task<IReadOnlyList<CallRow>> FindOrphansAsync(int limit, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var candidates = await OrphanCandidatesAsync("l.id is null or l.until <= @now or l.host = @host",
            [("now", SqliteDialect.Instance.Instant(now)), ("host", ProcessLease.ThisHost)], int.MaxValue, ct);
        var alive = candidates.Where(c => c.Lease is not null).Select(c => (Lease: c.Lease!, c.Until)).Distinct()
            .Where(c => c.Lease.IsVisible && c.Lease.IsAlive && (c.Until > now || !c.Lease.IsStopped)).Select(c => c.Lease).ToHashSet();
        return [.. candidates.Where(c => c.Lease is null || !alive.Contains(c.Lease)).Select(c => c.Row).Take(limit)];
    }

    public override Task RenewLeaseAsync(ProcessLease lease, TimeSpan lasts, CancellationToken ct) =>
        RenewLeaseAsync(lease, "@until", ("until", SqliteDialect.Instance.Instant(time.GetUtcNow() + lasts)), ct);

    public override async ValueTask DisposeAsync()
    {
        await changes.DisposeAsync();
        await writer.DisposeAsync();
        foreach (var connection in idle)
        {
            connection.Dispose();
        }

        readers.Dispose();
    }

    protected override Task<int> ExecuteAsync(SqlText text, CancellationToken ct) => writer.WriteAsync(session => session.Execute(text), ct);

    protected override Task RepairAsync(CallRow row, CancellationToken ct) => writer.WriteAsync(session =>
        SqliteAppend.VersionOf(session, row.CallId) == row.Version
            ? session.Execute(new(CallRowSql.Upsert(SqliteDialect.Instance), CallRowSql.Values(row, SqliteDialect.Instance)))
            : 0, ct);

    protected override async Task<T> QueryAsync<T>(SqlText text, Func<DbDataReader, CancellationToken, Task<T>> read, CancellationToken ct)
    {
        await readers.WaitAsync(ct);
        try
        {
            // SQLite blocks while another process commits, and a caller's thread may be one that carries messages.
            return await Task.Run(() => ReadAsync(text, read, ct), ct);
        }
        catch (SqliteException e)
        {
            throw new StoreUnavailableException($"{file.Path}: {StoreFault.Text(e)}", e);
        }
        // The library's answer to a value that the tables cannot hold.
        catch (Exception e) when (e is InvalidCastException or (InvalidOperationException and not ObjectDisposedException))
        {
            throw new StoreUnavailableException($"{file.Path} is damaged: {e.Message} Restore it from a copy.", e);
        }
        finally
        {
            readers.Release();
        }
    }

    private async Task<T> ReadAsync<T>(SqlText text, Func<DbDataReader, CancellationToken, Task<T>> read, CancellationToken ct)
    {
        if (!idle.TryTake(out var connection))
        {
            connection = file.OpenReader();
        }

        try
        {
            T answer;
            await using (var command = connection.CreateCommand())
            {
                text.ApplyTo(command);
                await using var reader = await command.ExecuteReaderAsync(ct);
                answer = await read(reader, ct);
            }

            idle.Add(connection);
            return answer;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
