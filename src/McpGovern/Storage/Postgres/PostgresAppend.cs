using McpGovern.Calls;
using Npgsql;
using NpgsqlTypes;

namespace McpGovern.Storage;

/// <summary>One append as one statement, and what its answer means.</summary>
internal static class PostgresAppend
{
    private const string OneOpen = "calls_one_open", OneEffect = "calls_one_effect";
    private static readonly PostgresDialect Sql = PostgresDialect.Instance;

    // Each step reads from the one before: where the stream does not move, or another call is open, nothing below it happens,
    // and no sequence number is drawn, which would hold up the readers that follow the sequence.
    private static readonly string Start = Statement("""
        insert into mcpgovern.mt_streams (id, type, version, "timestamp", created)
        select @call_id, 'call', @version, now(), now()
        where not exists (select 1 from o) and not exists (select 1 from f) on conflict (id) do nothing returning id
        """);

    private static readonly string Continue = Statement("""
        update mcpgovern.mt_streams set version = @version, "timestamp" = now()
        where id = @call_id and version = @expected and not is_archived and not exists (select 1 from o) and not exists (select 1 from f) returning id
        """);

    private static readonly string RepairRow = "with s as (select id from mcpgovern.mt_streams where id = @call_id and version = @version for update) " + UpsertFrom("s");

    public static async Task<AppendResult> RunAsync(NpgsqlConnection connection, Append append, StoredEvent[] events, CancellationToken ct)
    {
        try
        {
            var sent = await SendAsync(connection, append, events, ct);
            return sent.Appended ? new AppendResult.Appended(append.Row.Version) : await WhyNotAsync(connection, append, events, sent, ct);
        }
        catch (PostgresException e) when (IsTaken(e))
        {
            // Both looked before either had committed. If the other one has ended meanwhile, the second try succeeds.
            return await OtherAsync(connection, append.Row, e.ConstraintName, ct) ?? await RunAsync(connection, append, events, ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Only a writer that does not keep to Marten's order of things comes to this.
            return (await LookAsync(connection, append, ct)).FirstEvent == events[0].Id
                ? new AppendResult.Appended(append.Row.Version)
                : new AppendResult.Conflict();
        }
    }

    /// <summary>Both are written, or neither.</summary>
    public static async Task<AppendResult> RunBothAsync(
        NpgsqlConnection connection, Append append, StoredEvent[] events, Append then, StoredEvent[] thenEvents, CancellationToken ct)
    {
        AppendResult? other;
        await using (var transaction = await connection.BeginTransactionAsync(ct))
        {
            try
            {
                foreach (var (one, its) in new[] { (append, events), (then, thenEvents) })
                {
                    var sent = await SendAsync(connection, one, its, ct);
                    if (!sent.Appended)
                    {
                        // A first one that stands already was committed together with its second.
                        return await WhyNotAsync(connection, one, its, sent, ct);
                    }
                }

                await transaction.CommitAsync(ct);
                return new AppendResult.Appended(append.Row.Version);
            }
            catch (PostgresException e) when (IsTaken(e))
            {
                await transaction.RollbackAsync(ct);
                other = await OtherAsync(connection, then.Row, e.ConstraintName, ct);
            }
        }

        return other ?? await RunBothAsync(connection, append, events, then, thenEvents, ct);
    }

    private static bool IsTaken(PostgresException e) =>
        e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: OneOpen or OneEffect };

    /// <summary>What it means that a statement moved no stream.</summary>
    private static async Task<AppendResult> WhyNotAsync(NpgsqlConnection connection, Append append, StoredEvent[] events, Sent sent, CancellationToken ct) =>
        await LookAsync(connection, append, ct) switch
        {
            // The writer's lost answer, asked for again: its first event stands where it put it.
            (_, { } id) when id == events[0].Id => new AppendResult.Appended(append.Row.Version),
            (var version, null) when version == append.ExpectedVersion && sent.OtherOpen is { } open => new AppendResult.OpenCallExists(open),
            (var version, null) when version == append.ExpectedVersion && sent.Holder is { } holder => new AppendResult.EffectTaken(holder),
            _ => new AppendResult.Conflict(),
        };

    public static SqlText Repair(CallRow row) => new(RepairRow, CallRowSql.Values(row, Sql));

    /// <param name="OtherOpen">An open call with the same attach key.</param>
    /// <param name="Holder">A call that holds the same effect.</param>
    private sealed record Sent(bool Appended, string? OtherOpen, string? Holder);

    private static async Task<Sent> SendAsync(NpgsqlConnection connection, Append append, StoredEvent[] events, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand();
        command.Connection = connection;
        new SqlText(append.ExpectedVersion == 0 ? Start : Continue,
        [
            .. CallRowSql.Values(append.Row, Sql),
            ("expected", append.ExpectedVersion),
            ("kind", append.Result?.Kind), ("json", append.Result?.Json.ToArray()), ("at", Sql.Instant(append.Result?.At)),
        ]).ApplyTo(command);
        command.Parameters.Add(new("ids", NpgsqlDbType.Array | NpgsqlDbType.Uuid) { Value = events.Select(e => e.Id).ToArray() });
        command.Parameters.Add(new("data", NpgsqlDbType.Array | NpgsqlDbType.Jsonb) { Value = events.Select(e => e.Data).ToArray() });
        command.Parameters.Add(new("types", NpgsqlDbType.Array | NpgsqlDbType.Varchar) { Value = events.Select(e => e.Type).ToArray() });
        command.Parameters.Add(new("dotnet_types", NpgsqlDbType.Array | NpgsqlDbType.Varchar) { Value = events.Select(e => e.DotNetType).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return new(reader.GetInt64(0) == events.Length, reader.GetValue(1) as string, reader.GetValue(2) as string);
    }

    /// <summary>The stream's version, and the event that stands where the append's first one was to stand.</summary>
    private static async Task<(long Version, Guid? FirstEvent)> LookAsync(NpgsqlConnection connection, Append append, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "select coalesce((select version from mcpgovern.mt_streams where id = @id), 0), " +
            "(select id from mcpgovern.mt_events where stream_id = @id and version = @version)", connection);
        command.Parameters.AddWithValue("id", append.CallId);
        command.Parameters.AddWithValue("version", append.ExpectedVersion + 1);
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return (reader.GetInt64(0), await reader.IsDBNullAsync(1, ct) ? null : reader.GetGuid(1));
    }

    /// <summary>Which call has what the row wants; <c>null</c> where it has let go of it by now.</summary>
    private static async Task<AppendResult?> OtherAsync(NpgsqlConnection connection, CallRow row, string? constraint, CancellationToken ct)
    {
        var wanted = constraint == OneEffect ? "effect_key = @key" : "attach_key = @key and open";
        await using var command = new NpgsqlCommand($"select call_id from mcpgovern.calls where scope = @scope and {wanted} and call_id <> @id", connection);
        command.Parameters.AddWithValue("scope", row.Scope);
        command.Parameters.AddWithValue("key", (constraint == OneEffect ? row.EffectKey : row.AttachKey)!);
        command.Parameters.AddWithValue("id", row.CallId);
        return await command.ExecuteScalarAsync(ct) is not string other ? null
            : constraint == OneEffect ? new AppendResult.EffectTaken(other) : new AppendResult.OpenCallExists(other);
    }

    private static string Statement(string moveStream) => $"""
        with o as (
            select c.call_id from mcpgovern.calls c
            where @open and c.scope = @scope and c.attach_key = @attach_key::text and c.open and c.call_id <> @call_id),
        f as (
            select c.call_id from mcpgovern.calls c
            where @effect_key::text is not null and c.scope = @scope and c.effect_key = @effect_key::text and c.call_id <> @call_id),
        s as ({moveStream}),
        r as ({UpsertFrom("s")} returning call_id),
        x as (
            insert into mcpgovern.results (call_id, kind, json, at)
            select r.call_id, @kind::text, @json::bytea, @at::timestamptz from r where @kind::text is not null
            on conflict (call_id) do update set kind = excluded.kind, json = excluded.json, at = excluded.at),
        e as (
            insert into mcpgovern.mt_events (seq_id, id, stream_id, version, data, type, "timestamp", mt_dotnet_type)
            select nextval('mcpgovern.mt_events_sequence'), n.id, r.call_id, @expected + n.number, n.data, n.type, now(), n.dotnet_type
            from r, unnest(@ids, @data, @types, @dotnet_types) with ordinality as n (id, data, type, dotnet_type, number)
            order by n.number
            returning version)
        select (select count(*) from e), (select call_id from o limit 1), (select call_id from f limit 1)
        """;

    private static string UpsertFrom(string source) => CallRowSql.Upsert(Sql, """
        select @call_id, @version, @status, @scope, @server, @tool, @fingerprint, @requested_by, @execution_id, @node_id, @requested_at,
            @due_at::timestamptz, @retry_at::timestamptz, @process::text, @attach_key::text, @open, @effect_key::text from
        """ + " " + source);
}
