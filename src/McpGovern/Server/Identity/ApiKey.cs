using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using JsonName = System.Text.Json.Serialization.JsonPropertyNameAttribute;

namespace McpGovern.Server;

/// <summary>A key as the store keeps it: never the secret, only the hash of the whole text.</summary>
/// <param name="Id">The part of the text that names the key and opens nothing.</param>
/// <param name="Roles">What the key may be used for, at most: an actor of the settings keeps to its own roles as well.</param>
/// <param name="ExpiresAt"><c>null</c> for never.</param>
internal sealed record ApiKey(
    [property: JsonName("id")] string Id,
    [property: JsonName("actor")] string Actor,
    [property: JsonName("roles")] IReadOnlyList<string> Roles,
    [property: JsonName("hash")] string Hash,
    [property: JsonName("created_at")] DateTimeOffset CreatedAt,
    [property: JsonName("created_by")] string CreatedBy,
    [property: JsonName("expires_at")] DateTimeOffset? ExpiresAt)
{
    private const string Prefix = "mcpg_";
    private const int IdBytes = 6, SecretLength = 32;
    private const string Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    [JsonName("revoked_at")] public DateTimeOffset? RevokedAt { get; init; }

    [JsonName("revoked_by")] public string? RevokedBy { get; init; }

    public bool IsLive(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);

    /// <summary>The text is given out once: it cannot be had from the key.</summary>
    public static (string Text, ApiKey Key) New(string actor, IReadOnlyList<string> roles, string by, DateTimeOffset now, TimeSpan? life)
    {
        var id = RandomNumberGenerator.GetHexString(2 * IdBytes, lowercase: true);
        var text = $"{Prefix}{id}_{RandomNumberGenerator.GetString(Base62, SecretLength)}";
        return (text, new(id, actor, roles, HashOf(text), now, by, now + life));
    }

    /// <summary>The id in a key's text, or <c>null</c> where it has not the form of one.</summary>
    public static string? IdOf(string text) =>
        text.Length == Prefix.Length + (2 * IdBytes) + 1 + SecretLength
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text[Prefix.Length..].Split('_') is [var id, var secret]
        && id.All(char.IsAsciiHexDigitLower) && secret.All(char.IsAsciiLetterOrDigit)
            ? id
            : null;

    /// <summary>In constant time. The secret has 190 random bits, so a fast hash hides it.</summary>
    public bool Opens(string text) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash), Encoding.ASCII.GetBytes(HashOf(text)));

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this);

    /// <exception cref="InvalidDataException">It is none of ours.</exception>
    public static ApiKey Read(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<ApiKey>(json) ?? throw new InvalidDataException("a key in the store is empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("a key in the store cannot be read", e);
        }
    }

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
