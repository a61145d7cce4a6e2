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
}
