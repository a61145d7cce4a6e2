namespace McpGovern.Calls;

/// <summary>The story of one call, from the door to the answer.</summary>
internal sealed class CallHandler
{
    /// <summary>Never throws for what a caller, a policy, a store or an upstream can do; <paramref name="ct"/> ends the caller's wait.</summary>
    public Task<CallAnswer> HandleAsync(ToolCallRequest request, CancellationToken ct) => throw new NotImplementedException();
}
