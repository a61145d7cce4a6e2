namespace McpGovern.Upstreams;

/// <summary>Takes the progress of one call, in the upstream's order and before its answer.</summary>
internal interface IUpstreamProgress
{
    /// <param name="progressParamsJson">The notification's params without the token: <c>progress</c>, <c>total</c>, <c>message</c>…</param>
    ValueTask ReportAsync(string progressParamsJson);
}
