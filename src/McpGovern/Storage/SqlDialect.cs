using System.Data.Common;

namespace McpGovern.Storage;

/// <summary>The few words in which the two databases differ.</summary>
/// <param name="Schema">With its dot.</param>
/// <param name="LiveEvents">A condition on <c>e</c> that leaves out events that were put away.</param>
internal abstract record SqlDialect(string Schema, string Streams, string Events, string LiveEvents)
{
    public abstract object Instant(DateTimeOffset at);

    public object? Instant(DateTimeOffset? at) => at is { } value ? Instant(value) : null;

    public abstract DateTimeOffset ReadInstant(DbDataReader reader, int column);
}
