using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;

namespace McpGovern.Upstreams;

/// <summary>One request of ours that waits for its answer.</summary>
internal sealed class PendingRequest
{
    // Progress is news: a reader that falls this far behind misses the oldest of it.
    private readonly Channel<ReadOnlyMemory<byte>> _progress = Channel.CreateBounded<ReadOnlyMemory<byte>>(
        new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly TaskCompletionSource<Envelope> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>128 random bits, so that no upstream can answer what it was not asked; also the progress token.</summary>
    public string Id { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    public Task<Envelope> Answer => _answer.Task;

    /// <summary>Completes with the reason when the connection ends under the request.</summary>
    public Task<string> Ended => _ended.Task;

    public void TakeAnswer(Envelope answer)
    {
        _progress.Writer.TryComplete();
        _answer.TrySetResult(answer);
    }

    public void TakeProgress(ReadOnlyMemory<byte> progressParams) => _progress.Writer.TryWrite(progressParams);

    public void TakeEnd(string reason)
    {
        _progress.Writer.TryComplete();
        _ended.TrySetResult(reason);
    }

    /// <summary>Reports progress in the wire's order; ends when the answer is there and everything before it was reported.</summary>
    public async Task RelayAsync(IUpstreamProgress to)
    {
        await foreach (var report in _progress.Reader.ReadAllAsync())
            await to.ReportAsync(Encoding.UTF8.GetString(report.Span));
    }

    public void StopRelay() => _progress.Writer.TryComplete();
}
