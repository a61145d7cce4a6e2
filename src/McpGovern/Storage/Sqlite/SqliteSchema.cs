using System.Globalization;
using McpGovern.Calls;

namespace McpGovern.Storage;

/// <summary>The tables, and the way from each version to the next.</summary>
internal static class SqliteSchema
{
    /// <summary>Entry n leads from version n to n + 1. Released entries never change.</summary>
    private static readonly string[] Migrations =
    [
        """
        create table streams (
            id text primary key not null, type text not null, version integer not null,
            timestamp integer not null, created integer not null) without rowid;
        create table events (
            seq_id integer primary key autoincrement, id text not null unique, stream_id text not null references streams (id),
            version integer not null, data text not null, type text not null, timestamp integer not null, unique (stream_id, version));
        create table calls (
            call_id text primary key not null, version integer not null, status text not null, scope text not null, server text not null,
            tool text not null, fingerprint text not null, requested_by text not null, execution_id text not null, node_id text not null,
            requested_at integer not null, due_at integer, retry_at integer, process text, attach_key text, open integer not null) without rowid;
        create unique index calls_one_open on calls (scope, attach_key) where open;
        create index calls_by_attach_key on calls (scope, attach_key, requested_at);
        create index calls_by_time on calls (requested_at, call_id);
        create index calls_by_status on calls (status, scope, requested_at, call_id);
        create index calls_by_execution on calls (execution_id);
        create index calls_due on calls (due_at) where due_at is not null;
        create index calls_pending on calls (scope, requested_by) where status = 'pending';
        create table results (call_id text primary key not null, kind text not null, json blob not null, at integer not null);
        create index results_by_time on results (at);
        create table leases (
            id text primary key not null, host text not null, process_id integer not null, started_at text not null, until integer not null) without rowid;
        create table tools (scope text not null, fingerprint text not null, json text not null, primary key (scope, fingerprint)) without rowid;
        create table schema_version (version integer not null);
        insert into schema_version (version) values (0);
        """,
        """
        create table state (key text primary key not null, value blob not null, until integer) without rowid;
        create index state_by_end on state (until) where until is not null;
        """,
        """
        alter table calls add column effect_key text;
        create unique index calls_one_effect on calls (scope, effect_key) where effect_key is not null;
        """,
        """
        create index calls_by_process on calls (process) where process is not null;
        """,
        """
        drop index calls_by_status;
        create index calls_by_status on calls (status, requested_at, call_id);
        """,
    ];

    /// <exception cref="StoreRefusedException">The file is newer.</exception>
    public static void Prepare(SqliteSession session, string path)
    {
        var version = VersionOf(session, path);
        if (version == Migrations.Length)
        {
            return;
        }

        foreach (var migration in Migrations.Skip(version))
        {
            session.Control(migration);
            FaultPoints.At(FaultPoint.MigrateBetweenVersions);
        }

        session.Control(string.Create(CultureInfo.InvariantCulture, $"update schema_version set version = {Migrations.Length}"));
        session.Control($"pragma application_id = {SqliteFile.ApplicationId}");
    }

    private static int VersionOf(SqliteSession session, string path)
    {
        if (Number(session, "select count(*) from sqlite_master") == 0)
        {
            return 0;
        }

        var version = Number(session, "select version from schema_version");
        return version <= Migrations.Length
            ? (int)version
            : throw new StoreRefusedException(string.Create(CultureInfo.InvariantCulture,
                $"{path} has schema version {version} and this program knows {Migrations.Length}: it was written by a newer mcpgovern, use that one"));
    }

    private static long Number(SqliteSession session, string text) => (long)session.First(new(text), reader => (object)reader.GetInt64(0))!;
}
