using System.Globalization;
using McpGovern.Calls;
using Npgsql;

namespace McpGovern.Storage;

/// <summary>Marten's tables as a default Marten expects them, and ours beside them. Nothing may be added to Marten's: it would drop it.</summary>
internal static class PostgresSchema
{
    /// <summary>The key that Marten takes for its own changes, so that the two never change the schema at once.</summary>
    private const long LockKey = 4004;

    /// <summary>Entry n leads from version n to n + 1. Released entries never change.</summary>
    private static readonly string[] Migrations =
    [
        """
        create schema if not exists mcpgovern;
        create table if not exists mcpgovern.mt_streams (
            id varchar not null, type varchar, version bigint, "timestamp" timestamptz not null default now(),
            created timestamptz not null default now(), tenant_id varchar default '*DEFAULT*', is_archived boolean default false,
            constraint pkey_mt_streams_id primary key (id));
        create table if not exists mcpgovern.mt_events (
            seq_id bigint not null, id uuid not null, stream_id varchar, version bigint not null, data jsonb not null, bdata bytea,
            type varchar(500) not null, "timestamp" timestamptz not null default now(), tenant_id varchar default '*DEFAULT*',
            mt_dotnet_type varchar, is_archived boolean default false,
            constraint pkey_mt_events_seq_id primary key (seq_id),
            constraint fkey_mt_events_stream_id foreign key (stream_id) references mcpgovern.mt_streams (id) on delete cascade);
        create unique index if not exists pk_mt_events_stream_and_version on mcpgovern.mt_events (stream_id, version);
        create sequence if not exists mcpgovern.mt_events_sequence owned by mcpgovern.mt_events.seq_id;
        create table if not exists mcpgovern.mt_event_progression (
            name varchar not null, last_seq_id bigint, last_updated timestamptz default transaction_timestamp(),
            constraint pk_mt_event_progression primary key (name));

        create table mcpgovern.calls (
            call_id text collate "C" primary key, version bigint not null, status text not null, scope text collate "C" not null,
            server text collate "C" not null, tool text collate "C" not null, fingerprint text collate "C" not null,
            requested_by text collate "C" not null, execution_id text collate "C" not null, node_id text collate "C" not null,
            requested_at timestamptz not null, due_at timestamptz, retry_at timestamptz, process text collate "C",
            attach_key text collate "C", open boolean not null) with (fillfactor = 80);
        create unique index calls_one_open on mcpgovern.calls (scope, attach_key) where open;
        create index calls_by_attach_key on mcpgovern.calls (scope, attach_key, requested_at);
        create index calls_by_time on mcpgovern.calls (requested_at, call_id);
        create index calls_by_status on mcpgovern.calls (status, scope, requested_at, call_id);
        create index calls_by_execution on mcpgovern.calls (execution_id);
        create index calls_due on mcpgovern.calls (due_at) where due_at is not null;
        create index calls_pending on mcpgovern.calls (scope, requested_by) where status = 'pending';
        create table mcpgovern.results (
            call_id text collate "C" primary key, kind text not null, json bytea not null, at timestamptz not null);
        create index results_by_time on mcpgovern.results (at);
        create table mcpgovern.leases (
            id text collate "C" primary key, host text not null, process_id integer not null, started_at text not null, until timestamptz not null);
        create table mcpgovern.tools (
            scope text collate "C" not null, fingerprint text collate "C" not null, json text not null, primary key (scope, fingerprint));
        create table mcpgovern.schema_version (version integer not null);
        insert into mcpgovern.schema_version (version) values (0);
        """,
        """
        create table mcpgovern.state (key text collate "C" primary key, value bytea not null, until timestamptz);
        create index state_by_end on mcpgovern.state (until) where until is not null;
        """,
        """
        alter table mcpgovern.calls add column effect_key text collate "C";
        create unique index calls_one_effect on mcpgovern.calls (scope, effect_key) where effect_key is not null;
        """,
        """
        create index calls_by_process on mcpgovern.calls (process) where process is not null;
        """,
        """
        drop index mcpgovern.calls_by_status;
        create index calls_by_status on mcpgovern.calls (status, requested_at, call_id);
        """,
    ];

    // What an append relies on; a Marten that was set up otherwise (Guid identity, conjoined tenancy) has another shape.
    private const string FindMismatch = """
        select w.name || '.' || w.col || ' should be ' || w.type || ' and is ' || coalesce(format_type(a.atttypid, null), 'missing')
        from (values ('mt_streams', 'id', 'character varying'), ('mt_streams', 'type', 'character varying'), ('mt_streams', 'version', 'bigint'),
            ('mt_streams', 'is_archived', 'boolean'), ('mt_events', 'seq_id', 'bigint'), ('mt_events', 'id', 'uuid'),
            ('mt_events', 'stream_id', 'character varying'), ('mt_events', 'version', 'bigint'), ('mt_events', 'data', 'jsonb'),
            ('mt_events', 'type', 'character varying'), ('mt_events', 'timestamp', 'timestamp with time zone'),
            ('mt_events', 'mt_dotnet_type', 'character varying'), ('mt_events', 'is_archived', 'boolean')) as w (name, col, type)
        left join pg_attribute a on a.attrelid = to_regclass('mcpgovern.' || w.name) and a.attname = w.col and not a.attisdropped
        where a.atttypid is null or format_type(a.atttypid, null) <> w.type
        limit 1
        """;

    /// <exception cref="StoreRefusedException">The database is newer, or of another shape.</exception>
    public static async Task PrepareAsync(NpgsqlConnection connection, string store, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await ScalarAsync(connection, $"set local statement_timeout = '60s'; select pg_advisory_xact_lock({LockKey})", ct);
        var version = await VersionAsync(connection, ct);
        if (version > Migrations.Length)
        {
            throw new StoreRefusedException(string.Create(CultureInfo.InvariantCulture,
                $"{store} has schema version {version} and this program knows {Migrations.Length}: it was written by a newer mcpgovern, use that one"));
        }

        if (await ScalarAsync(connection, "show server_encoding", ct) is not "UTF8")
        {
            throw new StoreRefusedException($"{store} does not keep UTF-8 text; create the database with encoding 'UTF8'");
        }

        try
        {
            foreach (var migration in Migrations.Skip(version))
            {
                await ScalarAsync(connection, migration, ct);
                FaultPoints.At(FaultPoint.MigrateBetweenVersions);
            }
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DatatypeMismatch
            or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.InvalidForeignKey)
        {
            throw new StoreRefusedException($"{store}: the schema 'mcpgovern' holds tables of another program or shape: {e.MessageText}", e);
        }

        if (await ScalarAsync(connection, FindMismatch, ct) is string mismatch)
        {
            throw new StoreRefusedException($"{store}: the streams in schema 'mcpgovern' have another shape: {mismatch}");
        }

        await ScalarAsync(connection, string.Create(CultureInfo.InvariantCulture,
            $"update mcpgovern.schema_version set version = {Migrations.Length} where version <> {Migrations.Length}"), ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>The server settings without which a commit may be lost when the machine fails.</summary>
    public static async Task<string?> UndurableAsync(NpgsqlConnection connection, CancellationToken ct) => await ScalarAsync(connection,
        "select string_agg(name, ', ' order by name) from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'", ct) as string;

    private static async Task<int> VersionAsync(NpgsqlConnection connection, CancellationToken ct) =>
        await ScalarAsync(connection, "select to_regclass('mcpgovern.schema_version')::text", ct) is string
            ? Convert.ToInt32(await ScalarAsync(connection, "select version from mcpgovern.schema_version", ct), CultureInfo.InvariantCulture)
            : 0;

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string text, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(text, connection) { CommandTimeout = 60 };
        return await command.ExecuteScalarAsync(ct);
    }
}
