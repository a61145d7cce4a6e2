namespace McpGovern.Storage;

/// <summary>One append, inside the writer's transaction.</summary>
internal static class SqliteAppend
{
    private static readonly SqliteDialect Sql = SqliteDialect.Instance;
    private static readonly string UpsertRow = CallRowSql.Upsert(Sql);

    /// <summary>Both are written, or neither.</summary>
    public static AppendResult RunBoth(SqliteSession session, Append append, StoredEvent[] events, Append then, StoredEvent[] thenEvents, DateTimeOffset now)
    {
        session.Control("savepoint both");
        var result = Run(session, append, events, now);
        if (result is AppendResult.Appended && Run(session, then, thenEvents, now) is var second and not AppendResult.Appended)
        {
            session.Control("rollback to both");
            result = second;
        }

        session.Control("release both");
        return result;
    }

    public static AppendResult Run(SqliteSession session, Append append, StoredEvent[] events, DateTimeOffset now)
    {
        var version = VersionOf(session, append.CallId);
        if (version != append.ExpectedVersion)
        {
            return IsRepeat(session, append, events) ? new AppendResult.Appended(append.Row.Version) : new AppendResult.Conflict();
        }

        if (append.Row is { Open: true, AttachKey: { } key } && OtherOpen(session, append.Row, key) is { } other)
        {
            return new AppendResult.OpenCallExists(other);
        }

        if (append.Row.EffectKey is { } effect && HolderOf(session, append.Row, effect) is { } holder)
        {
            return new AppendResult.EffectTaken(holder);
        }

        var at = Sql.Instant(now);
        session.Execute(new(
            "insert into streams (id, type, version, timestamp, created) values (@id, 'call', @version, @at, @at) " +
            "on conflict (id) do update set version = excluded.version, timestamp = excluded.timestamp",
            ("id", append.CallId), ("version", append.Row.Version), ("at", at)));
        foreach (var @event in events)
        {
            session.Execute(new(
                "insert into events (id, stream_id, version, data, type, timestamp) values (@id, @stream, @version, @data, @type, @at)",
                ("id", @event.Id.ToString()), ("stream", append.CallId), ("version", ++version), ("data", @event.Data), ("type", @event.Type), ("at", at)));
        }

        session.Execute(new(UpsertRow, CallRowSql.Values(append.Row, Sql)));
        if (append.Result is { } result)
        {
            session.Execute(new("insert or replace into results (call_id, kind, json, at) values (@id, @kind, @json, @at)",
                ("id", append.CallId), ("kind", result.Kind), ("json", result.Json.ToArray()), ("at", Sql.Instant(result.At))));
        }

        return new AppendResult.Appended(version);
    }

    public static long VersionOf(SqliteSession session, string callId) =>
        (long?)session.First(new("select version from streams where id = @id", ("id", callId)), reader => (object)reader.GetInt64(0)) ?? 0;

    // The writer's lost answer, asked for again: its first event stands where it put it.
    private static bool IsRepeat(SqliteSession session, Append append, StoredEvent[] events) => session.First(
        new("select id from events where stream_id = @id and version = @version", ("id", append.CallId), ("version", append.ExpectedVersion + 1)),
        reader => reader.GetString(0)) == events[0].Id.ToString();

    private static string? HolderOf(SqliteSession session, Calls.CallRow row, string effectKey) => session.First(
        new("select call_id from calls where scope = @scope and effect_key = @key and call_id <> @id",
            ("scope", row.Scope), ("key", effectKey), ("id", row.CallId)),
        reader => reader.GetString(0));

    private static string? OtherOpen(SqliteSession session, Calls.CallRow row, string attachKey) => session.First(
        new("select call_id from calls where scope = @scope and attach_key = @key and open and call_id <> @id",
            ("scope", row.Scope), ("key", attachKey), ("id", row.CallId)),
        reader => reader.GetString(0));
}
