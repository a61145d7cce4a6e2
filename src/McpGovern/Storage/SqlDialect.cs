using System.Data.Common;

namespace McpGovern.Storage;

/// <summary>The few words in which the two databases differ.</summary>
/// <param name="Schema">With its dot.</param>
/// <param name="LiveEvents">A condition on <c>e</c> that leaves out events that were put away.</param>
internal abstract record SqlDialect(string Schema, string Streams, string Events, string LiveEvents)
{
    public abstract object Instant(DateTimeOffset at);

    public object? Instant(DateTimeOffset? at) => at is { } value ? Instant(value) : null;

    /// <summary>Joins the events <c>e</c> of the stream that a column of ours names: each stream by its index, however many there are.</summary>
    public virtual string JoinEvents(string callId) => $"join {Events} e on e.stream_id = {callId}{LiveEvents}";

    public abstract DateTimeOffset ReadInstant(DbDataReader reader, int column);
}
