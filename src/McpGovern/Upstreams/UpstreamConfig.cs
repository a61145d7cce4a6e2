namespace McpGovern.Upstreams;

/// <summary>One upstream as the settings name it: variables replaced, paths absolute.</summary>
internal sealed record UpstreamConfig(
    string Name, string GovernedName, string Transport, string? Command, IReadOnlyList<string> Args,
    IReadOnlyDictionary<string, string> Env, string? Cwd, Uri? Url, IReadOnlyDictionary<string, string> Headers);
