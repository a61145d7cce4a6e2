using System.Collections.Concurrent;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>Keeps the reports of one call, in the order in which they came.</summary>
internal sealed class ProgressLog : IUpstreamProgress
{
    private readonly ConcurrentQueue<string> _reports = new();

    public string[] Reports => [.. _reports];

    public async ValueTask ReportAsync(string progressParamsJson)
    {
        // A reader that is not instant: relaying without waiting for it would lose the order.
        await Task.Yield();
        _reports.Enqueue(progressParamsJson);
    }
}
