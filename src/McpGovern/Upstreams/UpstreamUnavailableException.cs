namespace McpGovern.Upstreams;

/// <summary>An upstream could not be started or reached: nothing was sent.</summary>
internal sealed class UpstreamUnavailableException(string reason, Exception? inner = null) : Exception(reason, inner);
