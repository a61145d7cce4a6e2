using System.Text.Json.Serialization;

namespace McpGovern.Calls;

/// <summary>The definition of a tool that counts as known: the first that was seen, or the one that an operator pinned since.</summary>
/// <param name="Definition">As the upstream wrote it, to compare others with.</param>
/// <param name="By">The operator; <c>first sight</c> where nobody has pinned it.</param>
internal sealed record ToolPin(
    [property: JsonPropertyName("fingerprint")] string Fingerprint,
    [property: JsonPropertyName("server")] string Server,
    [property: JsonPropertyName("tool")] string Tool,
    [property: JsonPropertyName("hash")] string Hash,
    [property: JsonPropertyName("definition")] string Definition,
    [property: JsonPropertyName("by")] string By,
    [property: JsonPropertyName("at")] DateTimeOffset At);

/// <summary>The last definition seen that is not the pinned one, and how it differs.</summary>
/// <param name="Pinned">The hash that it was compared with.</param>
internal sealed record SeenTool(
    [property: JsonPropertyName("hash")] string Hash,
    [property: JsonPropertyName("pinned")] string Pinned,
    [property: JsonPropertyName("definition")] string Definition,
    [property: JsonPropertyName("kinds")] IReadOnlyList<string> Kinds,
    [property: JsonPropertyName("at")] DateTimeOffset At);

/// <summary>One line of the pins' own record, which only grows; of what upstreams do, with a bound.</summary>
/// <param name="Action"><c>changed</c>, <c>pinned</c>, or <c>restored</c>: it is again what was pinned.</param>
/// <param name="By">Who pinned it; <c>null</c> for what was observed.</param>
/// <param name="Replaces">The hash that was pinned.</param>
internal sealed record PinEntry(
    [property: JsonPropertyName("action")] string Action,
    [property: JsonPropertyName("server")] string Server,
    [property: JsonPropertyName("tool")] string Tool,
    [property: JsonPropertyName("hash")] string Hash,
    [property: JsonPropertyName("replaces")] string Replaces,
    [property: JsonPropertyName("kinds")] IReadOnlyList<string> Kinds,
    [property: JsonPropertyName("at")] DateTimeOffset At)
{
    [JsonPropertyName("by")]
    public string? By { get; init; }

    [JsonPropertyName("credential")]
    public string? Credential { get; init; }

    [JsonPropertyName("via")]
    public string? Via { get; init; }

    [JsonPropertyName("comment")]
    public string? Comment { get; init; }
}

/// <summary>How many of a tool's changes were recorded, and until when they count.</summary>
internal sealed record ObservedChanges([property: JsonPropertyName("count")] int Count, [property: JsonPropertyName("until")] DateTimeOffset Until);

/// <summary>A tool as the doors list it.</summary>
/// <param name="State"><c>pinned</c>, <c>cosmetic</c> (it runs as before) or <c>changed</c>.</param>
/// <param name="Kinds">How what was seen last differs from what is pinned, the gravest first.</param>
/// <param name="Hash">Of what was seen last.</param>
/// <param name="Twins">Tools of other servers that are called alike.</param>
internal sealed record ToolView(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("server")] string Server,
    [property: JsonPropertyName("tool")] string Tool,
    [property: JsonPropertyName("state")] string State,
    [property: JsonPropertyName("kinds")] IReadOnlyList<string> Kinds,
    [property: JsonPropertyName("hash")] string Hash,
    [property: JsonPropertyName("pinned_hash")] string PinnedHash,
    [property: JsonPropertyName("pinned_by")] string PinnedBy,
    [property: JsonPropertyName("pinned_at")] DateTimeOffset PinnedAt,
    [property: JsonPropertyName("definition")] string Definition,
    [property: JsonPropertyName("pinned_definition")] string PinnedDefinition,
    [property: JsonPropertyName("twins")] IReadOnlyList<string> Twins);

/// <param name="History">Newest first.</param>
internal sealed record ToolList(
    [property: JsonPropertyName("tools")] IReadOnlyList<ToolView> Tools,
    [property: JsonPropertyName("history")] IReadOnlyList<PinEntry> History);

/// <param name="Answer">One of the codes of <see cref="AnswerCode"/>.</param>
/// <param name="Message">For people.</param>
internal sealed record PinAnswer(
    [property: JsonPropertyName("answer")] string Answer,
    [property: JsonPropertyName("accepted")] bool Accepted,
    [property: JsonPropertyName("hash")] string? Hash,
    [property: JsonPropertyName("message")] string Message);
