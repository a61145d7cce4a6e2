using System.Text;

namespace McpGovern.Calls;

/// <summary>The caps on what a caller may hand in; every refusal names its setting.</summary>
/// <param name="Arguments">Bytes of an allowed call's arguments.</param>
/// <param name="GatedArguments">Bytes of a gated call's arguments.</param>
internal sealed record CallLimits(int PendingPerActor, long Arguments, long GatedArguments)
{
    /// <remarks>What a further round brings along counts as arguments.</remarks>
    public string? WhyTooLarge(ToolCallRequest request, bool gated)
    {
        var (cap, setting) = gated ? (GatedArguments, "caps.gated_arguments") : (Arguments, "caps.arguments");
        var size = Encoding.UTF8.GetByteCount(request.ArgumentsJson) + Encoding.UTF8.GetByteCount(request.Continues?.InputResponses ?? "");
        return size <= cap ? null : $"Not executed: the arguments have {size} bytes, and at most {cap} are taken ({setting}).";
    }

    public string TooMany(string requestedBy, long pending) =>
        $"Not executed: {pending} calls of {requestedBy} wait for a decision already, and at most {PendingPerActor} may (caps.pending_per_actor).";
}
