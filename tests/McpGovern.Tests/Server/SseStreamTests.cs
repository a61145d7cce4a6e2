using McpGovern.Server;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>A response that ends as it begins: its stream lets go of it, and keeps what waits for the next one.</summary>
public sealed class SseStreamTests
{
    [Fact]
    public async Task Response_WhoseClientHangsUpAsItBegins_DoesNotStayAttached()
    {
        var stream = new SseStream(TimeProvider.System, TimeSpan.FromMinutes(1));

        await Assert.ThrowsAsync<OperationCanceledException>(() => stream.ServeAsync(new Broken { OnFlush = new OperationCanceledException() }, default));

        Assert.False(stream.IsAttached);
    }

    [Fact]
    public async Task Events_ThatWait_OutliveAResponseThatBreaks()
    {
        var stream = new SseStream(TimeProvider.System, TimeSpan.FromMinutes(1));
        foreach (var text in (string[])["one", "two"])
        {
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
            await stream.FlushAsync(default);
        }

        // On a thread of its own: one that never came back would be the test's.
        var broken = Task.Run(() => stream.ServeAsync(new Broken { OnWrite = new IOException() }, default));
        await Eventually.TrueAsync(() => broken.IsCompleted, "the end of the response that broke");
        await broken;

        using var body = new MemoryStream();
        var serving = stream.ServeAsync(body, default);
        stream.End();
        await serving;
        Assert.Equal(["one", "two"], System.Text.Encoding.UTF8.GetString(body.ToArray()).Chunk(3).Select(c => new string(c)).Order());
    }

    private sealed class Broken : MemoryStream
    {
        public Exception? OnFlush { get; init; }

        public Exception? OnWrite { get; init; }

        public override Task FlushAsync(CancellationToken cancellationToken) => OnFlush is { } e ? Task.FromException(e) : Task.CompletedTask;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            OnWrite is { } e ? ValueTask.FromException(e) : ValueTask.CompletedTask;
    }
}
