using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>What the live connections of this process say of a call's tool; a process that only decides has none.</summary>
internal sealed class CurrentDefinitions(UpstreamSet upstreams)
{
    /// <summary>Whether the call's upstream is one of this process's: no other process may say that something about the call changed.</summary>
    public bool Know(CallSubmitted call) => Find(call) is not null;

    /// <returns>The definition, or that the tool is gone; neither where there is no connection to ask.</returns>
    public (ToolDefinition? Definition, bool IsGone) Of(CallSubmitted call)
    {
        if (Find(call) is not { IsConnected: true, KnownTools: { } tools })
        {
            return (null, false);
        }

        var definition = tools.FirstOrDefault(t => t.Name == call.Tool);
        return (definition, definition is null);
    }

    private Upstream? Find(CallSubmitted call) => upstreams.All.FirstOrDefault(u => u.Config.Fingerprint == call.UpstreamFingerprint);
}
