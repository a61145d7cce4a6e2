namespace McpGovern.Upstreams;

/// <summary>A transport's word that not a byte of a message left.</summary>
internal sealed class NotSentException(string reason, Exception? inner) : Exception(reason, inner);
