using System.Text.Json.Serialization;

namespace McpGovern.Calls;

/// <param name="Until">A time from now, such as <c>24h</c>, or an instant.</param>
/// <param name="When">JSON, as in a policy's <c>when</c>.</param>
internal sealed record GrantRequest(Actor Actor, string Via, string? Tool, string? For, int? Times, string? Until, string? When, string? Comment);

/// <summary>A grant as the doors show it.</summary>
/// <param name="State"><c>live</c>, <c>expired</c>, <c>used_up</c> or <c>revoked</c>; a live one may still be stopped by a changed policy.</param>
/// <param name="Uses">The calls that it approved.</param>
internal sealed record GrantView(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("state")] string State,
    [property: JsonPropertyName("tool")] string Tool,
    [property: JsonPropertyName("for")] string For,
    [property: JsonPropertyName("when"), JsonConverter(typeof(JsonTextConverter))] string? When,
    [property: JsonPropertyName("times")] int Times,
    [property: JsonPropertyName("uses")] IReadOnlyList<string> Uses,
    [property: JsonPropertyName("until")] DateTimeOffset Until,
    [property: JsonPropertyName("by")] string By,
    [property: JsonPropertyName("presence")] string Presence,
    [property: JsonPropertyName("via")] string Via,
    [property: JsonPropertyName("at")] DateTimeOffset At,
    [property: JsonPropertyName("comment")] string Comment,
    [property: JsonPropertyName("revoked")] GrantRevocation? Revoked)
{
    public static GrantView Of(Grant grant, IReadOnlyList<string> uses, GrantRevocation? revoked, DateTimeOffset now)
    {
        var state = revoked is not null ? "revoked" : uses.Count >= grant.Times ? "used_up" : now >= grant.Until ? "expired" : "live";
        return new(grant.Id, state, grant.Tool, grant.For, grant.When, grant.Times, uses, grant.Until, grant.By, grant.Presence, grant.Via, grant.At,
            grant.Comment, revoked);
    }
}

/// <param name="Grants">Oldest first, those that ended too.</param>
internal sealed record GrantList([property: JsonPropertyName("grants")] IReadOnlyList<GrantView> Grants);

/// <param name="Answer">One of the codes of <see cref="AnswerCode"/>.</param>
/// <param name="Message">For people.</param>
internal sealed record GrantAnswer(
    [property: JsonPropertyName("answer")] string Answer,
    [property: JsonPropertyName("accepted")] bool Accepted,
    [property: JsonPropertyName("grant")] GrantView? Grant,
    [property: JsonIgnore] string Message);
