namespace McpGovern.Server;

/// <summary>Whose JSON Web Tokens are accepted: this server is then an OAuth 2.1 resource server (RFC 9728, RFC 9068).</summary>
/// <param name="Issuer">The authorization server; the <c>iss</c> of its tokens.</param>
/// <param name="Audience">This server's own address as tokens name it: the <c>aud</c> that they must have.</param>
/// <param name="Jwks">Where its public keys are.</param>
internal sealed record TokenSettings(string Issuer, string Audience, Uri Jwks);
