namespace McpGovern.Calls;

/// <summary>The one way in which a call is approved, rejected or cancelled, whatever the door.</summary>
internal sealed class DecisionHandler
{
    public Task<DecisionAnswer> DecideAsync(DecisionRequest request, CancellationToken ct) => throw new NotImplementedException();

    public Task<DecisionAnswer> CancelAsync(CancelRequest request, CancellationToken ct) => throw new NotImplementedException();
}
