using System.Collections.Concurrent;
using System.Text;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Calls;

/// <summary>A caller that can be asked, and keeps what it was told.</summary>
internal sealed class TestCaller : ICallerSide, IUpstreamProgress
{
    public string Capabilities { get; init; } = """{"elicitation":{"form":{}}}""";

    public bool TakesTasks { get; init; }

    public string? LogLevel { get; init; }

    public string Answer { get; init; } = """{"action":"decline"}""";

    /// <summary>While it is not completed, questions wait; a question that was withdrawn is noted.</summary>
    public Task Ready { get; init; } = Task.CompletedTask;

    public ConcurrentQueue<string> Heard { get; } = new();

    public async ValueTask LogAsync(string paramsJson)
    {
        await Task.Yield();
        Heard.Enqueue(paramsJson);
    }

    public ValueTask ReportAsync(string progressParamsJson) => LogAsync(progressParamsJson);

    public async Task<CallerReply> AskAsync(string method, string? paramsJson, CancellationToken ct)
    {
        Heard.Enqueue($"{method} {paramsJson}");
        try
        {
            await Ready.WaitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            Heard.Enqueue("withdrawn");
            throw;
        }

        return new CallerReply.Result(Encoding.UTF8.GetBytes(Answer));
    }
}
