using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace McpGovern.Server;

/// <summary>
/// Looks at a token before any library does. Only three parts of at most 16 KiB get past it (five are encrypted tokens, which the library
/// that restores decompresses without a bound: CVE-2024-21319), with a header and a body in which no key appears twice.
/// </summary>
internal static class TokenShape
{
    public const int MaxLength = 16 * 1024;

    private static readonly string[] Algorithms = ["RS256", "ES256"], Types = ["at+jwt", "application/at+jwt"];
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    /// <summary>The key's name in the header and the body's claims, or <c>null</c> where it is not of the one kind that is served.</summary>
    public static (string? KeyId, JsonElement Claims)? Read(string token)
    {
        if (token.Length > MaxLength || token.Split('.') is not [var head, var body, var signature] || Bytes(signature) is not { Length: > 0 })
        {
            return null;
        }

        return Decode(head) is { } header && Decode(body) is { } claims
            && Algorithms.Contains(Text(header, "alg")) && Types.Contains(Text(header, "typ"), StringComparer.OrdinalIgnoreCase)
            // What a signer declares to be critical is nothing that is understood here.
            && !header.TryGetProperty("crit", out _)
                ? (Text(header, "kid"), claims)
                : null;
    }

    public static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonElement? Decode(string part)
    {
        try
        {
            // Half a surrogate pair would be accepted here and break whoever looks at it later.
            if (Bytes(part) is not { } text || !Utf8.IsValid(text) || Encoding.UTF8.GetString(text).Contains("\\ud", StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }

            using var document = JsonDocument.Parse(text, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>One spelling for the same bytes: the library would take others as well.</summary>
    private static byte[]? Bytes(string part)
    {
        try
        {
            var bytes = Base64Url.DecodeFromChars(part);
            return Base64Url.EncodeToString(bytes) == part ? bytes : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
