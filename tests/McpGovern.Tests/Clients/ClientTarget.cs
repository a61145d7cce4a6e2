using System.Text.Json.Serialization;

namespace McpGovern.Tests.Clients;

/// <summary>Where a client is to connect, as a client's own configuration would say it: a command or a URL.</summary>
internal sealed record ClientTarget
{
    [JsonPropertyName("command"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Command { get; init; }

    [JsonPropertyName("args"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Args { get; init; }

    [JsonPropertyName("url"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Uri? Url { get; init; }

    /// <summary><c>sse</c> for the transport of 2024-11-05.</summary>
    [JsonPropertyName("type"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>How the Inspector is to find its revision; clients of our own have that on their command line.</summary>
    [JsonPropertyName("protocolEra"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Era { get; init; }

    [JsonPropertyName("headers"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }
}
