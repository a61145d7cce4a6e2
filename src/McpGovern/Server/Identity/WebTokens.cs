using System.Text.Json;
using McpGovern.Calls;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace McpGovern.Server;

/// <summary>
/// Access tokens of one authorization server (RFC 9068). The one place that knows the library: whoever has the JwtBearer package swaps it here.
/// </summary>
/// <param name="entries">The settings' actors: a subject that is one of them has its groups and roles; any other is a caller.</param>
internal sealed class WebTokens(TokenSettings settings, SigningKeys keys, IReadOnlyList<ActorEntry> entries) : ICredentials
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, Roles> Scopes = new(StringComparer.Ordinal)
    {
        ["mcpgovern:call"] = Roles.Caller,
        ["mcpgovern:approve"] = Roles.Approver,
        ["mcpgovern:operate"] = Roles.Operator,
        ["mcpgovern:audit"] = Roles.Auditor,
    };

    private readonly JsonWebTokenHandler _library = new();

    public static IEnumerable<string> ScopeNames => Scopes.Keys;

    public async ValueTask<Actor?> FindAsync(string bearer, CancellationToken ct)
    {
        if (TokenShape.Read(bearer) is not { } token)
        {
            return null;
        }

        var validated = _library.ValidateToken(bearer, new TokenValidationParameters
        {
            ValidIssuer = settings.Issuer,
            ValidAudience = settings.Audience,
            ValidAlgorithms = ["RS256", "ES256"],
            IssuerSigningKeys = await keys.ForAsync(token.KeyId, ct),
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            ClockSkew = ClockSkew,
        });
        return validated.IsValid ? ActorOf(token.Claims) : null;
    }

    /// <summary>
    /// An agent that acts for somebody (<c>act</c>, RFC 8693) is that agent, with the credential of whom it acts for: what it asks, that
    /// person has asked, and cannot approve.
    /// </summary>
    private Actor? ActorOf(JsonElement claims)
    {
        if (TokenShape.Text(claims, "sub") is not { Length: > 0 } subject || !IsName(subject))
        {
            return null;
        }

        var id = subject;
        if (claims.TryGetProperty("act", out var acting))
        {
            if (acting.ValueKind != JsonValueKind.Object || TokenShape.Text(acting, "sub") is not { Length: > 0 } agent || !IsName(agent))
            {
                return null;
            }

            id = agent.StartsWith("agent:", StringComparison.Ordinal) ? agent : $"agent:{agent}";
        }

        var entry = entries.FirstOrDefault(e => e.Id == id);
        return new Actor(id, $"key:{subject}", "jwt")
        {
            Roles = (entry?.Roles ?? Roles.Caller) & ScopeOf(claims),
            Groups = entry?.Groups ?? [],
            DecidesNothing = !ScopeOf(claims).HasFlag(Roles.Approver),
        };
    }

    /// <summary>A token without any scope of ours is not narrowed by scopes.</summary>
    private static Roles ScopeOf(JsonElement claims)
    {
        var scopes = (TokenShape.Text(claims, "scope") ?? "").Split(' ').Where(Scopes.ContainsKey).ToArray();
        return scopes.Length == 0 ? Roles.All : scopes.Aggregate(Roles.None, (roles, scope) => roles | Scopes[scope]);
    }

    private static bool IsName(string text) => text.Length <= 256 && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || char.IsSurrogate(c));
}
