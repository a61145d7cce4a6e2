namespace McpGovern.Upstreams;

/// <summary>A request of an upstream to its client.</summary>
/// <param name="Id">JSON text of the upstream's own id.</param>
/// <param name="Params">As it wrote them; empty where there are none.</param>
/// <param name="Of">The call that it belongs to; <c>null</c> where that is not certain.</param>
internal sealed record UpstreamQuestion(string Method, ReadOnlyMemory<byte> Id, ReadOnlyMemory<byte> Params, PendingRequest? Of)
{
    public const string Elicitation = "elicitation/create", Sampling = "sampling/createMessage", Roots = "roots/list";

    public static bool Is(string? method) => method is Elicitation or Sampling or Roots;
}
