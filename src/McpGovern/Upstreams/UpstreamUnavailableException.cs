namespace McpGovern.Upstreams;

/// <summary>An upstream could not be started or reached: nothing was sent.</summary>
internal class UpstreamUnavailableException(string reason, Exception? inner = null) : Exception(reason, inner);

/// <summary>It was there, but did not get through the handshake: worth another try in the older way.</summary>
internal sealed class HandshakeException(string reason, Exception? inner) : UpstreamUnavailableException(reason, inner);
