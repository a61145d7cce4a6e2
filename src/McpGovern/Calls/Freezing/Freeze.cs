using System.Text.Json.Serialization;

namespace McpGovern.Calls;

/// <summary>While it stands, no call that it holds is sent, by any process of the store.</summary>
/// <param name="Kind"><c>all</c>, <c>server</c> or <c>actor</c>.</param>
/// <param name="Name">The server's name or the requester's id; <c>null</c> for all.</param>
internal sealed record Freeze(
    [property: JsonPropertyName("kind")] string Kind,
    [property: JsonPropertyName("name")] string? Name,
    [property: JsonPropertyName("by")] string By,
    [property: JsonPropertyName("at")] DateTimeOffset At,
    [property: JsonPropertyName("comment")] string Comment)
{
    /// <summary>How the record of a deferral begins that a freeze is the reason of.</summary>
    public const string Word = "frozen";

    [JsonIgnore]
    public string Target => Kind == "all" ? Kind : $"{Kind} {Name}";

    [JsonIgnore]
    public string Why => $"{Word} by {By} since {AgentText.Time(At)} ({Target}): {Comment}";

    /// <summary>A switch that stops things is wide: the case of a name does not matter.</summary>
    public bool Holds(CallSubmitted call) => Kind switch
    {
        "server" => string.Equals(Name, call.Server, StringComparison.OrdinalIgnoreCase),
        "actor" => string.Equals(Name, call.RequestedBy, StringComparison.OrdinalIgnoreCase),
        _ => true,
    };
}

/// <summary>One line of the freezes' own record, which only grows.</summary>
/// <param name="Action"><c>freeze</c> or <c>unfreeze</c>.</param>
internal sealed record FreezeEntry(
    [property: JsonPropertyName("action")] string Action,
    [property: JsonPropertyName("kind")] string Kind,
    [property: JsonPropertyName("name")] string? Name,
    [property: JsonPropertyName("by")] string By,
    [property: JsonPropertyName("credential")] string Credential,
    [property: JsonPropertyName("via")] string Via,
    [property: JsonPropertyName("at")] DateTimeOffset At,
    [property: JsonPropertyName("comment")] string? Comment);

/// <param name="History">Newest first.</param>
internal sealed record FreezeList(
    [property: JsonPropertyName("freezes")] IReadOnlyList<Freeze> Freezes,
    [property: JsonPropertyName("history")] IReadOnlyList<FreezeEntry> History);

/// <param name="Answer">One of the codes of <see cref="AnswerCode"/>.</param>
/// <param name="Freeze">The one that stands, or that stood until now.</param>
/// <param name="Message">For people.</param>
internal sealed record FreezeAnswer(
    [property: JsonPropertyName("answer")] string Answer,
    [property: JsonPropertyName("accepted")] bool Accepted,
    [property: JsonPropertyName("freeze")] Freeze? Freeze,
    [property: JsonIgnore] string Message);
