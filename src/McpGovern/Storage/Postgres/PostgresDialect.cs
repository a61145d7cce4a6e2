using System.Data.Common;

namespace McpGovern.Storage;

/// <summary>PostgreSQL has Marten's tables for the streams; what Marten put away or left as a gap's marker is not read.</summary>
internal sealed record PostgresDialect() : SqlDialect(
    "mcpgovern.", "mcpgovern.mt_streams", "mcpgovern.mt_events", " and not e.is_archived and e.type <> 'tombstone'")
{
    public static readonly PostgresDialect Instance = new();

    public override object Instant(DateTimeOffset at) => at.ToUniversalTime();

    public override DateTimeOffset ReadInstant(DbDataReader reader, int column) => reader.GetFieldValue<DateTimeOffset>(column);
}
