using System.Data.Common;

namespace McpGovern.Storage;

/// <summary>SQLite keeps instants as whole microseconds.</summary>
internal sealed record SqliteDialect() : SqlDialect("main.", "main.streams", "main.events", "")
{
    public static readonly SqliteDialect Instance = new();

    public override object Instant(DateTimeOffset at) => Instants.ToMicroseconds(at);

    public override DateTimeOffset ReadInstant(DbDataReader reader, int column) => Instants.FromMicroseconds(reader.GetInt64(column));
}
