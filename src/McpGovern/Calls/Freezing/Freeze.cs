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

    /// <summary>The key of an entry that cannot be read, and so holds everything.</summary>
    [JsonIgnore]
    public string? Unreadable { get; init; }

    [JsonIgnore]
    public string Target => Kind == "all" ? Kind : $"{Kind} {Name}";

    [JsonIgnore]
    public string Why => $"{Word} by {By} since {AgentText.Time(At)} ({Target}): {Comment}";

    /// <summary>A switch that stops things is wide: the case of a name does not matter.</summary>
    public bool Holds(string server, string actor) => Kind switch
    {
        "server" => string.Equals(Name, server, StringComparison.OrdinalIgnoreCase),
        "actor" => string.Equals(Name, actor, StringComparison.OrdinalIgnoreCase),
        _ => true,
    };

    public bool Holds(CallSubmitted call) => Holds(call.Server, call.RequestedBy);
}
