namespace McpGovern.Storage;

/// <summary>
/// Small things that all processes of one store share and that outlive each of them: sealing keys, sessions, what was learnt of
/// upstreams. Nothing of a call's history, which is in its stream. Keys are <c>kind:name</c>.
/// </summary>
/// <remarks>Every member throws <see cref="StoreUnavailableException"/> when the store cannot be reached or cannot be written.</remarks>
internal interface ISharedState
{
    /// <summary>What is kept under the key, or <c>null</c> where there is nothing, or its time is up.</summary>
    Task<byte[]?> ReadAsync(string key, DateTimeOffset now, CancellationToken ct);

    /// <summary>Everything kept under keys that begin so, by key.</summary>
    Task<IReadOnlyList<KeyValuePair<string, byte[]>>> ReadAllAsync(string prefix, DateTimeOffset now, CancellationToken ct);

    /// <param name="until">When it may be forgotten; <c>null</c> for never.</param>
    Task WriteAsync(string key, byte[] value, DateTimeOffset? until, CancellationToken ct);

    /// <summary>Writes it unless something is there: the first of all processes wins.</summary>
    /// <returns>The value that stands. Who must know whether it was the first gives a value that nobody else would.</returns>
    Task<byte[]> AddAsync(string key, byte[] value, DateTimeOffset? until, DateTimeOffset now, CancellationToken ct);

    Task RemoveAsync(string key, CancellationToken ct);

    /// <summary>Forgets what has run out.</summary>
    Task<int> DropStateAsync(DateTimeOffset now, CancellationToken ct);
}
