using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;

namespace McpGovern.Upstreams;

/// <summary>One request of ours that waits for its answer.</summary>
internal sealed class PendingRequest(string method, ICallerSide? caller) : IDisposable
{
    // Progress is news: a reader that falls this far behind misses the oldest of it.
    private readonly Channel<(bool IsLog, ReadOnlyMemory<byte> Params)> _reports = Channel.CreateBounded<(bool, ReadOnlyMemory<byte>)>(
        new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly TaskCompletionSource<Envelope> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _gone = new();

    /// <summary>128 random bits, so that no upstream can answer what it was not asked; also the progress token.</summary>
    public string Id { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Whose call it is; <c>null</c> where nobody waits for it.</summary>
    public ICallerSide? Caller => caller;

    /// <summary>A caller's own request, in the middle of which an upstream may have questions or something to say.</summary>
    public bool IsCall { get; } = method is "tools/call" or "prompts/get" or "resources/read" or "completion/complete";

    /// <summary>Stays open as long as the connection does, and is no reason to keep that open.</summary>
    public bool Listens { get; } = method == ChangeSubscription.Method;

    public Task<Envelope> Answer => _answer.Task;

    /// <summary>Completes with the reason when the connection ends under the request.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>Cancelled once nobody waits for the answer any more.</summary>
    public CancellationToken Gone => _gone.Token;

    public void TakeAnswer(Envelope answer)
    {
        _reports.Writer.TryComplete();
        _answer.TrySetResult(answer);
    }

    public void TakeProgress(ReadOnlyMemory<byte> progressParams) => _reports.Writer.TryWrite((false, progressParams));

    public void TakeLog(ReadOnlyMemory<byte> logParams) => _reports.Writer.TryWrite((true, logParams));

    public void TakeEnd(string reason)
    {
        _reports.Writer.TryComplete();
        _ended.TrySetResult(reason);
    }

    /// <summary>Reports progress and log messages in the wire's order; ends when the answer is there and everything before it was reported.</summary>
    public async Task RelayAsync(IUpstreamProgress? progress)
    {
        await foreach (var (isLog, reported) in _reports.Reader.ReadAllAsync())
        {
            var json = Encoding.UTF8.GetString(reported.Span);
            await ((isLog ? caller?.LogAsync(json) : progress?.ReportAsync(json)) ?? default);
        }
    }

    public void StopRelay() => _reports.Writer.TryComplete();

    /// <summary>Nobody waits any more.</summary>
    public void Dispose()
    {
        StopRelay();
        _gone.Cancel();
    }
}
