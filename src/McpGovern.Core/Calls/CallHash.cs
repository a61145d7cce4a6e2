using System.Security.Cryptography;
using System.Text;

namespace McpGovern.Calls;

/// <summary>Fingerprints of what will run, over canonical JSON: <c>sha256:</c> and 64 hex digits.</summary>
public static class CallHash
{
    /// <summary>The one tenant there is for now.</summary>
    public const string Tenant = "default";

    /// <summary>Everything an approval is bound to: any difference is another call.</summary>
    public static string Of(CallSubmitted call, string ruleDigest)
    {
        ArgumentNullException.ThrowIfNull(call);
        return OfMembers(
            ("arguments", CanonicalJson.Of(call.Arguments)),
            ("continues", Quote(call.Continues)),
            ("input_responses", Json(call.InputResponses)),
            ("meta", Json(SentMeta.Of(call.Meta))),
            ("method", Quote(call.Method)),
            ("request_state", Json(call.RequestState)),
            ("requested_by", CanonicalJson.Quote(call.RequestedBy)),
            ("rule_digest", CanonicalJson.Quote(ruleDigest)),
            ("scope", CanonicalJson.Quote(call.Scope)),
            ("server", CanonicalJson.Quote(call.Server)),
            ("tenant", CanonicalJson.Quote(call.Tenant)),
            ("tool", CanonicalJson.Quote(call.Tool)),
            ("tool_definition_hash", CanonicalJson.Quote(call.ToolDefinitionHash)),
            ("upstream_fingerprint", CanonicalJson.Quote(call.UpstreamFingerprint)));
    }

    /// <summary>One intent of one requester: what an equal call that is sent again attaches to, whatever policy or description say by then.</summary>
    /// <param name="continues">The call that asked, and the answers to it: an answer is an intent of its own.</param>
    public static string AttachKey(
        string tenant, string requestedBy, string server, string tool, string arguments, string? idempotencyKey,
        string? continues = null, string? inputResponses = null) => OfMembers(
        ("arguments", CanonicalJson.Of(arguments)),
        ("continues", Quote(continues)),
        ("idempotency_key", idempotencyKey is null ? "null" : CanonicalJson.Quote(idempotencyKey)),
        ("input_responses", Json(inputResponses)),
        ("requested_by", CanonicalJson.Quote(requestedBy)),
        ("server", CanonicalJson.Quote(server)),
        ("tenant", CanonicalJson.Quote(tenant)),
        ("tool", CanonicalJson.Quote(tool)));

    /// <summary>One effect in the world, whoever asks for it.</summary>
    public static string EffectKey(string scope, string tenant, string effect) => OfMembers(
        ("effect", CanonicalJson.Quote(effect)), ("scope", CanonicalJson.Quote(scope)), ("tenant", CanonicalJson.Quote(tenant)));

    /// <summary>Of a JSON document, whatever its white space and the order of its keys.</summary>
    /// <exception cref="FormatException">The text is no JSON or has a duplicate key.</exception>
    public static string OfJson(string json) => OfText(CanonicalJson.Of(json));

    public static string OfBytes(ReadOnlySpan<byte> bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    // The members are in canonical order already; one that a call does not have leaves the hash as it was before there was such a member.
    private static string OfMembers(params (string Name, string? Json)[] members) =>
        OfText("{" + string.Join(',', members.Where(m => m.Json is not null).Select(m => $"\"{m.Name}\":{m.Json}")) + "}");

    private static string? Quote(string? text) => text is null ? null : CanonicalJson.Quote(text);

    private static string? Json(string? json) => json is null ? null : CanonicalJson.Of(json);

    private static string OfText(string text) => OfBytes(Encoding.UTF8.GetBytes(text));
}
