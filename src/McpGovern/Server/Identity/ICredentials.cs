using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>One kind of bearer credential: keys in settings, keys in the store, tokens of an authorization server.</summary>
internal interface ICredentials
{
    /// <summary>Whose it is, or <c>null</c> where it is not of this kind, or not valid now.</summary>
    ValueTask<Actor?> FindAsync(string bearer, CancellationToken ct);
}
