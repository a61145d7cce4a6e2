using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>What the live connections of this process say of a call's tool; a process that only decides has none.</summary>
internal sealed class CurrentDefinitions(UpstreamSet upstreams)
{
    /// <returns>The definition, or that the tool is gone; neither where there is no connection to ask.</returns>
    public (ToolDefinition? Definition, bool IsGone) Of(CallSubmitted call)
    {
        var upstream = upstreams.All.FirstOrDefault(u => u.Config.Fingerprint == call.UpstreamFingerprint);
        if (upstream is not { IsConnected: true, KnownTools: { } tools })
        {
            return (null, false);
        }

        var definition = tools.FirstOrDefault(t => t.Name == call.Tool);
        return (definition, definition is null);
    }
}
