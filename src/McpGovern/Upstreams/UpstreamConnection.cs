namespace McpGovern.Upstreams;

/// <summary>One live session with an upstream; when it ends it is not mended but replaced.</summary>
internal sealed class UpstreamConnection
{
    /// <summary>Drained over all pages, current for this connection, replaced whole.</summary>
    public IReadOnlyList<ToolDefinition> Tools => throw new NotImplementedException();

    /// <summary>Cancelled when this connection takes no further calls.</summary>
    public CancellationToken Closed => throw new NotImplementedException();

    /// <summary>Sends one call, once. Never throws for what an upstream or a network may do.</summary>
    /// <param name="argumentsJson">A JSON object; reaches the upstream as it is written.</param>
    /// <param name="metaJson">A JSON object or null; <c>progressToken</c> and <c>io.modelcontextprotocol/*</c> are replaced by our own.</param>
    /// <param name="cancel">Relayed to the upstream, which has a second to answer all the same.</param>
    public Task<UpstreamAnswer> CallToolAsync(
        string tool, string argumentsJson, string? metaJson, IUpstreamProgress? progress, TimeSpan timeout, CancellationToken cancel) =>
        throw new NotImplementedException();
}
