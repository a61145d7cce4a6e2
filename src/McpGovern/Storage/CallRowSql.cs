using System.Data.Common;
using McpGovern.Calls;

namespace McpGovern.Storage;

/// <summary>The columns of the <c>calls</c> table.</summary>
internal static class CallRowSql
{
    private static readonly string[] Names =
    [
        "call_id", "version", "status", "scope", "server", "tool", "fingerprint", "requested_by", "execution_id", "node_id",
        "requested_at", "due_at", "retry_at", "process", "attach_key", "open", "effect_key",
    ];

    public static int Count => Names.Length;

    public static readonly string Columns = string.Join(", ", Names.Select(name => "c." + name));

    /// <summary>Replaces the row; to be used only behind a check of the stream's version.</summary>
    /// <param name="source">A select that gives the columns in their order, or <c>null</c> for the parameters of <see cref="Values"/>.</param>
    public static string Upsert(SqlDialect sql, string? source = null) =>
        $"insert into {sql.Schema}calls ({string.Join(", ", Names)}) {source ?? $"values ({string.Join(", ", Names.Select(name => "@" + name))})"} " +
        $"on conflict (call_id) do update set {string.Join(", ", Names.Skip(1).Select(name => $"{name} = excluded.{name}"))}";

    public static (string, object?)[] Values(CallRow row, SqlDialect sql) =>
    [
        ("call_id", row.CallId), ("version", row.Version), ("status", row.Status), ("scope", row.Scope), ("server", row.Server),
        ("tool", row.Tool), ("fingerprint", row.Fingerprint), ("requested_by", row.RequestedBy), ("execution_id", row.ExecutionId),
        ("node_id", row.NodeId), ("requested_at", sql.Instant(row.RequestedAt)), ("due_at", sql.Instant(row.DueAt)),
        ("retry_at", sql.Instant(row.RetryAt)), ("process", row.Process), ("attach_key", row.AttachKey), ("open", row.Open),
        ("effect_key", row.EffectKey),
    ];

    /// <summary>Reads a row whose columns begin at <paramref name="first"/>.</summary>
    public static CallRow Read(DbDataReader reader, SqlDialect sql, int first = 0) => new(
        reader.GetString(first), reader.GetInt64(first + 1), reader.GetString(first + 2), reader.GetString(first + 3),
        reader.GetString(first + 4), reader.GetString(first + 5), reader.GetString(first + 6), reader.GetString(first + 7),
        reader.GetString(first + 8), reader.GetString(first + 9), sql.ReadInstant(reader, first + 10),
        ReadInstant(reader, sql, first + 11), ReadInstant(reader, sql, first + 12),
        ReadText(reader, first + 13), ReadText(reader, first + 14), reader.GetBoolean(first + 15), ReadText(reader, first + 16));

    /// <summary>The row as it comes back from the store.</summary>
    public static CallRow Stored(CallRow row) => row with
    {
        RequestedAt = Instants.Truncate(row.RequestedAt),
        DueAt = row.DueAt is { } due ? Instants.Truncate(due) : null,
        RetryAt = row.RetryAt is { } retry ? Instants.Truncate(retry) : null,
    };

    private static DateTimeOffset? ReadInstant(DbDataReader reader, SqlDialect sql, int column) =>
        reader.IsDBNull(column) ? null : sql.ReadInstant(reader, column);

    private static string? ReadText(DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
