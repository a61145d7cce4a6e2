using McpGovern.Policy;
using McpGovern.Upstreams;

namespace McpGovern.Settings;

/// <summary>All settings, checked, with paths made absolute and defaults filled in.</summary>
/// <param name="Path">The settings file; null when there is none.</param>
/// <param name="Directory">What relative paths in the file are relative to.</param>
/// <param name="Store">A connection text: <c>sqlite:</c> and an absolute path, or PostgreSQL's as written.</param>
/// <param name="PolicyInputs">Where the policy came from, for reading it again.</param>
/// <param name="Scope">Which processes may run each other's calls.</param>
internal sealed record GovernSettings(
    string? Path, string Directory, string? Name, string Store, TimeSpan Hold, Uri Listen, PolicySet Policy,
    IReadOnlyList<PolicyInput> PolicyInputs, IReadOnlyList<UpstreamConfig> Upstreams, IReadOnlyList<ActorConfig> Actors,
    Caps Caps, TimeSpan CallTimeout, TimeSpan Retention, string Scope, string? PublicUrl)
{
    /// <summary>Whether <c>serve</c> also speaks the HTTP+SSE transport of 2024-11-05.</summary>
    public bool LegacySse { get; init; }

    /// <summary>Other machines may speak to us without TLS, and no proxy is promised.</summary>
    public bool InsecureHttp { get; init; }

    /// <summary>What becomes of the calls of a tool whose definition changed.</summary>
    public PinEffect Pins { get; init; } = PinEffect.Approve;

    /// <summary>Whose tokens are accepted over HTTP beside keys.</summary>
    public TokensConfig? Tokens { get; init; }

    public bool IsSqlite => StoreText.IsSqlite(Store);

    public IReadOnlyList<string> PolicyPaths => [.. PolicyInputs.Where(i => i.Inline is null).Select(i => i.Path!)];
}

/// <summary>Who may come in, and with what.</summary>
internal sealed record ActorConfig(
    string Id, IReadOnlyList<string> Groups, IReadOnlyList<string> Roles, string? Key, string? OsUser);

/// <summary>An authorization server whose access tokens are accepted.</summary>
/// <param name="Audience">What their <c>aud</c> must be: this server's address for clients.</param>
/// <param name="Jwks">Where its public keys are.</param>
internal sealed record TokensConfig(string Issuer, string Audience, Uri Jwks);

/// <summary>The largest that is taken in; each refusal names its setting.</summary>
internal sealed record Caps(int PendingPerActor, long ArgumentsBytes, long GatedArgumentsBytes, long ResultBytes)
{
    public static Caps Default { get; } = new(1000, 8L << 20, 1L << 20, 16L << 20);

    public int SessionsPerActor { get; init; } = 200;

    /// <summary>Being answered at the same time.</summary>
    public int RequestsPerActor { get; init; } = 256;

    /// <summary>Connections that stay open to hear of changes.</summary>
    public int StreamsPerActor { get; init; } = 200;
}
