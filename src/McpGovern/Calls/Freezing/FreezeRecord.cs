using System.Text.Json.Serialization;

namespace McpGovern.Calls;

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
