namespace McpGovern.Upstreams;

/// <summary>One tool of an upstream, or an entry of another of its lists: see <see cref="ListKind"/>.</summary>
/// <param name="Json">The definition exactly as the upstream wrote it.</param>
/// <param name="Hash"><c>sha256:</c> and hex, over the canonical JSON of what an approver relies on; see <see cref="ToolHash"/>.</param>
internal sealed record ToolDefinition(string Name, string Json, string Hash);
