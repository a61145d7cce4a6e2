using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using McpGovern.Policy;
using McpGovern.Settings;

namespace McpGovern.Calls;

/// <summary>
/// An approver's word beforehand: calls of one tool by one requester, with arguments within bounds, so many times and until then.
/// Written once and kept for ever, like its revocation and every use of it.
/// </summary>
/// <param name="For">The requester's id.</param>
/// <param name="When">The bounds, as JSON in a policy's own words; <c>null</c> for any arguments.</param>
/// <param name="PolicyDigest">Over every rule that speaks of the tool: another policy for it is another question.</param>
/// <param name="Roles">The giver's, when it was given.</param>
internal sealed record Grant(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("scope")] string Scope,
    [property: JsonPropertyName("tool")] string Tool,
    [property: JsonPropertyName("for")] string For,
    [property: JsonPropertyName("times")] int Times,
    [property: JsonPropertyName("until")] DateTimeOffset Until,
    [property: JsonPropertyName("when")] string? When,
    [property: JsonPropertyName("policy_digest")] string PolicyDigest,
    [property: JsonPropertyName("by")] string By,
    [property: JsonPropertyName("credential")] string Credential,
    [property: JsonPropertyName("auth_method")] string AuthMethod,
    [property: JsonPropertyName("session")] string? Session,
    [property: JsonPropertyName("presence")] string Presence,
    [property: JsonPropertyName("roles"), JsonConverter(typeof(JsonStringEnumConverter<Roles>))] Roles Roles,
    [property: JsonPropertyName("groups")] IReadOnlyList<string> Groups,
    [property: JsonPropertyName("via")] string Via,
    [property: JsonPropertyName("at")] DateTimeOffset At,
    [property: JsonPropertyName("comment")] string Comment)
{
    /// <summary>Who gave it, as he was then.</summary>
    [JsonIgnore]
    public Actor Giver => new(By, Credential, AuthMethod) { Session = Session, Roles = Roles, Groups = Groups, PresenceProven = Presence == "proven" };

    /// <summary>Whether the call is one of those meant. What goes upstream beside the arguments, answers to questions too, is within nobody's bounds.</summary>
    public bool Covers(CallSubmitted call, string policyDigest, DateTimeOffset now) =>
        call.Scope == Scope && call.NodeId == Tool && call.RequestedBy == For
        && call is { Continues: null, InputResponses: null, RequestState: null } && !SentMeta.IsMoreThanAName(call.Meta)
        && now < Until && policyDigest == PolicyDigest && ReadWhen(When, new Faults("when"))?.Covers(call.Arguments) == true;

    /// <summary><c>null</c> where the text is no condition, with why among the faults.</summary>
    public static When? ReadWhen(string? json, Faults faults)
    {
        if (json is null)
        {
            return Policy.When.Always;
        }

        try
        {
            using var _ = JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            faults.Error(0, "this is no JSON", "write one such as {\"amount\": {\"lte\": 100}}");
            return null;
        }

        var node = DocumentReader.Read(Encoding.UTF8.GetBytes(json), faults);
        var when = node is null ? null : WhenReader.Read(node, faults);
        return faults.Errors.Count == 0 ? when : null;
    }

    /// <summary>What cannot be read is no grant.</summary>
    public static T? TryRead<T>(byte[] json) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>One use. The first one says which definition of the tool all others must find.</summary>
internal sealed record GrantUse(
    [property: JsonPropertyName("call_id")] string CallId,
    [property: JsonPropertyName("tool_definition_hash")] string ToolDefinitionHash,
    [property: JsonPropertyName("upstream_fingerprint")] string UpstreamFingerprint,
    [property: JsonPropertyName("at")] DateTimeOffset At)
{
    public bool IsOfTheSameTool(GrantUse other) => (ToolDefinitionHash, UpstreamFingerprint) == (other.ToolDefinitionHash, other.UpstreamFingerprint);
}

internal sealed record GrantRevocation(
    [property: JsonPropertyName("by")] string By,
    [property: JsonPropertyName("credential")] string Credential,
    [property: JsonPropertyName("via")] string Via,
    [property: JsonPropertyName("at")] DateTimeOffset At,
    [property: JsonPropertyName("comment")] string? Comment);
