using System.Text;

namespace McpGovern.Calls;

/// <summary>The caps on what a caller may hand in; every refusal names its setting.</summary>
/// <param name="Arguments">Bytes of an allowed call's arguments.</param>
/// <param name="GatedArguments">Bytes of a gated call's arguments.</param>
internal sealed record CallLimits(int PendingPerActor, long Arguments, long GatedArguments)
{
    /// <remarks>All that a caller hands in and that is kept with its call counts, under whatever name.</remarks>
    public string? WhyTooLarge(ToolCallRequest request, bool gated)
    {
        var (cap, setting) = gated ? (GatedArguments, "caps.gated_arguments") : (Arguments, "caps.arguments");
        var (arguments, along) = (SizeOf(request.ArgumentsJson), SizeOf(request.MetaJson, request.Traceparent, request.Client?.Name, request.Client?.Version,
            request.ClientCapabilities, request.Continues?.InputResponses, request.Continues?.RequestState));
        return arguments + along <= cap ? null
            : $"Not executed: the arguments have {arguments} bytes{(along > 0 ? $", and what comes along with them {along}" : "")}; at most {cap} are taken ({setting}).";
    }

    public string TooMany(string requestedBy, long pending) =>
        $"Not executed: {pending} calls of {requestedBy} wait for a decision already, and at most {PendingPerActor} may (caps.pending_per_actor).";

    private static long SizeOf(params ReadOnlySpan<string?> texts)
    {
        var size = 0L;
        foreach (var text in texts)
        {
            size += Encoding.UTF8.GetByteCount(text ?? "");
        }

        return size;
    }
}
