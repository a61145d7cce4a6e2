namespace McpGovern.Calls;

/// <summary>Relays progress to the asking client, in order.</summary>
internal interface ICallProgress
{
    /// <param name="paramsJson">A progress notification's params as a JSON object, without the token.</param>
    ValueTask ReportAsync(string paramsJson);
}
