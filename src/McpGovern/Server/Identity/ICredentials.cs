using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>One kind of bearer credential: keys in settings, keys in the store, tokens of an authorization server.</summary>
internal interface ICredentials
{
    /// <summary>Whose it is, or <c>null</c> where it is not of this kind, or not valid now.</summary>
    ValueTask<Actor?> FindAsync(string bearer, CancellationToken ct);
}

/// <summary>Credentials with which a person may log in to the pages.</summary>
internal interface ILoginKeys : ICredentials
{
    /// <summary>Whose key it is, and what stands for it in the login's record, which opens nothing.</summary>
    ValueTask<(Actor Actor, string Tag)?> OpenAsync(string key, string login, CancellationToken ct);

    /// <summary>Whose key the tag of that login stands for, if that key is still good.</summary>
    ValueTask<Actor?> FindTaggedAsync(string tag, string login, CancellationToken ct);
}
