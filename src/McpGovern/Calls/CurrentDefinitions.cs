using McpGovern.Policy;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>What the live connections of this process say of what a call asks for; a process that only decides has none.</summary>
internal sealed class CurrentDefinitions(UpstreamSet upstreams)
{
    /// <summary>Whether the call's upstream is one of this process's: no other process may say that something about the call changed.</summary>
    public bool Know(CallSubmitted call) => Find(call) is not null;

    /// <returns>The definition, or that the tool is gone; neither where there is no connection to ask.</returns>
    public (ToolDefinition? Definition, bool IsGone) Of(CallSubmitted call)
    {
        if (Find(call) is not { IsConnected: true } upstream || ListOf(upstream, call.Tool) is not { } list)
        {
            return (null, false);
        }

        var definition = In(list, call.Tool);
        return (definition, definition is null);
    }

    /// <summary>What the connection that would carry the call has under its name; <c>null</c> where that is gone.</summary>
    /// <exception cref="UpstreamUnavailableException">It does not give its list.</exception>
    public static async Task<ToolDefinition?> OnAsync(UpstreamConnection connection, string tool, CancellationToken ct)
    {
        if (PolicyName.KindOf(tool) == PolicyName.Prompt)
        {
            return In(await connection.ListAsync(ListKind.Prompts, ct), tool);
        }

        // A change that was told counts from when it was told.
        await connection.WhenToolsAreReadAsync(ct);
        return In(connection.Tools, tool);
    }

    private static IReadOnlyList<ToolDefinition>? ListOf(Upstream upstream, string tool) => PolicyName.KindOf(tool) switch
    {
        PolicyName.Prompt => upstream.Known(ListKind.Prompts),
        _ => upstream.KnownTools,
    };

    private static ToolDefinition? In(IReadOnlyList<ToolDefinition> list, string tool) => PolicyName.KindOf(tool) switch
    {
        PolicyName.Resource => GovernedResources.Definition(tool),
        PolicyName.Prompt => GovernedPrompts.In(list, tool),
        _ => list.FirstOrDefault(t => t.Name == tool),
    };

    private Upstream? Find(CallSubmitted call) => upstreams.All.FirstOrDefault(u => u.Config.Fingerprint == call.UpstreamFingerprint);
}
