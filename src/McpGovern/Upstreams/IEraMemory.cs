namespace McpGovern.Upstreams;

/// <summary>Keeps from one process to the next which upstreams speak only the revisions that begin with <c>initialize</c>.</summary>
internal interface IEraMemory
{
    /// <param name="fingerprint">The upstream's: another command is another upstream.</param>
    /// <returns>False also where nothing is known, or nothing can be read now.</returns>
    Task<bool> IsLegacyAsync(string fingerprint, CancellationToken ct);

    Task RememberAsync(string fingerprint, bool legacy, CancellationToken ct);
}
