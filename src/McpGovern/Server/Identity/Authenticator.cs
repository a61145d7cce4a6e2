using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>Everything that a bearer may be, tried in turn: identity comes from here and from nowhere else.</summary>
/// <param name="Metadata">What is published about tokens (RFC 9728), where tokens are accepted.</param>
internal sealed record Authenticator(IReadOnlyList<ICredentials> Credentials, ResourceMetadata? Metadata = null)
{
    // Far above any key, and a token has its own bound.
    private const int MaxLength = 64 * 1024;

    public async ValueTask<Actor?> FindAsync(string bearer, CancellationToken ct)
    {
        foreach (var credentials in bearer.Length <= MaxLength ? Credentials : [])
        {
            if (await credentials.FindAsync(bearer, ct) is { } actor)
            {
                return actor;
            }
        }

        return null;
    }

    public async ValueTask<(Actor Actor, string Tag)?> OpenAsync(string key, string login, CancellationToken ct)
    {
        foreach (var keys in key.Length <= MaxLength ? Credentials.OfType<ILoginKeys>() : [])
        {
            if (await keys.OpenAsync(key, login, ct) is { } opened)
            {
                return opened;
            }
        }

        return null;
    }

    public async ValueTask<Actor?> FindTaggedAsync(string tag, string login, CancellationToken ct)
    {
        foreach (var keys in Credentials.OfType<ILoginKeys>())
        {
            if (await keys.FindTaggedAsync(tag, login, ct) is { } actor)
            {
                return actor;
            }
        }

        return null;
    }
}
