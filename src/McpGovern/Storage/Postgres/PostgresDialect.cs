using System.Data.Common;

namespace McpGovern.Storage;

/// <summary>PostgreSQL has Marten's tables for the streams; what Marten put away or left as a gap's marker is not read.</summary>
internal sealed record PostgresDialect() : SqlDialect(
    "mcpgovern.", "mcpgovern.mt_streams", "mcpgovern.mt_events", " and not e.is_archived and e.type <> 'tombstone'")
{
    public static readonly PostgresDialect Instance = new();

    public override object Instant(DateTimeOffset at) => at.ToUniversalTime();

    // Our ids have a collation of their own, Marten's have none: compared as they are, no index on the streams could be used. And a planner that
    // knows too little of a table that has just grown would read all of it: it cannot take a lateral that is ordered apart.
    public override string JoinEvents(string callId) =>
        $"join lateral (select e.* from {Events} e where e.stream_id = {callId} collate \"default\"{LiveEvents} order by e.version) e on true";

    public override DateTimeOffset ReadInstant(DbDataReader reader, int column) => reader.GetFieldValue<DateTimeOffset>(column);
}
