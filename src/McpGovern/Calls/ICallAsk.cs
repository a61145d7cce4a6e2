namespace McpGovern.Calls;

/// <summary>Puts a parked call to the caller's own client: once for each call, whoever sends it again.</summary>
internal interface ICallAsk
{
    /// <summary>The question as the answer to this request, where that is how the client is asked; it comes back with a new request.</summary>
    Task<CallAnswer?> InsteadAsync(LoadedCall call, CancellationToken ct);

    /// <summary>Asks beside the wait for the decision, and ends with it; whatever goes wrong, the call stays as it is.</summary>
    Task BesideAsync(LoadedCall call, CancellationToken ct);
}
