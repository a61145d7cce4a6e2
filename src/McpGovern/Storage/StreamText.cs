using McpGovern.Calls;

namespace McpGovern.Storage;

/// <summary>One stream as it is stored, not yet read.</summary>
internal sealed class StreamText(string callId, DateTimeOffset requestedAt)
{
    private readonly List<(string Type, string Data)> events = [];

    public string CallId { get; } = callId;

    public DateTimeOffset RequestedAt { get; } = requestedAt;

    public void Add(string type, string data) => events.Add((type, data));

    /// <exception cref="InvalidDataException">An event cannot be read.</exception>
    public StoredCall Read() => new(CallId, events.Count, [.. events.Select(e => EventTypes.Read(e.Type, e.Data))]);

    /// <exception cref="InvalidDataException">An event cannot be read, or does not follow from the ones before it.</exception>
    public CallRow ReadRow() => CallRowSql.Stored(CallRow.From(CallId, events.Count, Call.Replay(Read().Events)));
}
