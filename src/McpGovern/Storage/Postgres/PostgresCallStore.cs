using System.Data.Common;
using McpGovern.Calls;
using Npgsql;

namespace McpGovern.Storage;

/// <summary>Calls as Marten event streams in PostgreSQL, shared by any number of processes.</summary>
internal sealed class PostgresCallStore : SqlCallStore
{
    private static readonly TimeSpan AppendPatience = TimeSpan.FromSeconds(15), Patience = TimeSpan.FromSeconds(5);
    private readonly NpgsqlDataSource source;
    private readonly ILogger log;
    private readonly ChangeSignal changed;
    private readonly PostgresNotifier notifier;
    private readonly PostgresListener listener;
    private readonly PostgresTalk talk;

    public PostgresCallStore(NpgsqlConnectionStringBuilder settings, TimeProvider time, ILogger log)
        : base(PostgresDialect.Instance, PostgresText.Describe(settings), log)
    {
        this.log = log;
        source = new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
        changed = new(time);
        notifier = new(source);
        listener = new(source, changed, fault => StorageLog.NotListening(log, Description, fault));
        talk = new(source, Description, fault => StorageLog.AskedAgain(log, Description, fault));
    }

    protected override async Task CreateOrUpgradeAsync(CancellationToken ct)
    {
        var (version, undurable) = await talk.SayAsync(async (connection, cancel) =>
        {
            await PostgresSchema.PrepareAsync(connection, Description, cancel);
            return (connection.ServerVersion, await PostgresSchema.UndurableAsync(connection, cancel));
        }, Patience, ct);
        StorageLog.Opened(log, Description, $"PostgreSQL {version}");
        if (undurable is not null)
        {
            StorageLog.NotDurable(log, Description, undurable);
        }
    }

    protected override async Task<AppendResult> WriteAsync(Append append, CancellationToken ct)
    {
        var events = AppendCheck.Check(append);
        var thenEvents = append.Then is { } then ? AppendCheck.Check(then) : [];
        ct.ThrowIfCancellationRequested();
        // Not to be called back once it is under way: the answer is always what became of it.
        var result = await talk.SayAsync((connection, cancel) => append.Then is null
            ? PostgresAppend.RunAsync(connection, append, events, cancel)
            : PostgresAppend.RunBothAsync(connection, append, events, append.Then, thenEvents, cancel), AppendPatience, CancellationToken.None);
        if (result is AppendResult.Appended)
        {
            changed.Pulse();
            notifier.Appended();
        }

        return result;
    }

    public override Task WaitForChangeAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct) => listener.WaitAsync(cursor, atMost, ct);

    // Leases are written and read by the database's own clock: those of two machines may be far apart.
    public override async Task<IReadOnlyList<CallRow>> FindOrphansAsync(int limit, CancellationToken ct)
    {
        var candidates = await OrphanCandidatesAsync("l.id is null or l.until <= clock_timestamp()", [], limit, ct);
        return [.. candidates.Select(c => c.Row)];
    }

    public override Task RenewLeaseAsync(ProcessLease lease, TimeSpan lasts, CancellationToken ct) =>
        RenewLeaseAsync(lease, "clock_timestamp() + @lasts", ("lasts", lasts), ct);

    public override async ValueTask DisposeAsync()
    {
        await listener.DisposeAsync();
        await notifier.DisposeAsync();
        await source.DisposeAsync();
    }

    protected override Task RepairAsync(CallRow row, CancellationToken ct) => ExecuteAsync(PostgresAppend.Repair(row), ct);

    protected override Task<int> ExecuteAsync(SqlText text, CancellationToken ct) => talk.SayAsync(async (connection, cancel) =>
    {
        await using var command = connection.CreateCommand();
        text.ApplyTo(command);
        return await command.ExecuteNonQueryAsync(cancel);
    }, Patience, ct);

    protected override Task<T> QueryAsync<T>(SqlText text, Func<DbDataReader, CancellationToken, Task<T>> read, CancellationToken ct) =>
        talk.SayAsync(async (connection, cancel) =>
        {
            await using var command = connection.CreateCommand();
            text.ApplyTo(command);
            await using var reader = await command.ExecuteReaderAsync(cancel);
            return await read(reader, cancel);
        }, Patience, ct);
}
