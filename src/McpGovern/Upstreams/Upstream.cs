using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>An MCP server behind us: started when first needed, one live connection shared by all calls.</summary>
internal sealed class Upstream(UpstreamConfig config, UpstreamLimits limits, TimeProvider time, ILogger<Upstream> log) : IAsyncDisposable
{
    public UpstreamConfig Config => config;

    public string Name => config.GovernedName;

    /// <summary>The last list seen in this process; null before the first.</summary>
    public IReadOnlyList<ToolDefinition>? KnownTools { get; private set; }

    public bool IsConnected { get; private set; }

    /// <summary>Why the last start or connection ended; null while all is well.</summary>
    public string? LastFailure { get; private set; }

    /// <summary>The definitions differ from the last known ones: after <c>list_changed</c>, gathered for 250 ms, or after a reconnect.</summary>
    public event Action? ToolsChanged;

    /// <summary>The live connection, started if there is none; a start that failed is not tried again within its back-off.</summary>
    /// <exception cref="UpstreamUnavailableException">Nothing could be started or reached, and nothing was sent.</exception>
    public ValueTask<UpstreamConnection> ConnectAsync(CancellationToken ct) => throw new NotImplementedException($"{limits}{time}{log}{ToolsChanged}");

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
