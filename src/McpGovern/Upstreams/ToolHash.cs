namespace McpGovern.Upstreams;

/// <summary>The fingerprint of a tool as it was shown to whoever approves.</summary>
internal static class ToolHash
{
}
