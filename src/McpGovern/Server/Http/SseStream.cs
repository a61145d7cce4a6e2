namespace McpGovern.Server;

/// <summary>
/// Where the SDK writes its events. Bytes are kept until they are flushed, so that a whole event goes out at once and a heartbeat never
/// splits one. While no response is attached, the newest events wait for the next one.
/// </summary>
/// <remarks>The SDK serves one GET per session for ever, and sends nothing while a call runs; this stream outlives responses and beats.</remarks>
internal sealed class SseStream(TimeProvider time, TimeSpan heartbeat) : Stream
{
    private const int MaxBacklog = 64;

    private static readonly byte[] Beat = ": keepalive\n\n"u8.ToArray();

    private readonly SemaphoreSlim _lock = new(1, 1);
    private readonly MemoryStream _event = new();
    private readonly Queue<byte[]> _backlog = new();
    private Attachment? _attached;

    private sealed record Attachment(Stream Body, TaskCompletionSource Ended);

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public bool IsAttached => Volatile.Read(ref _attached) is not null;

    /// <summary>Serves a response until it or its client ends, or another response takes its place.</summary>
    public async Task ServeAsync(Stream body, CancellationToken ct)
    {
        var mine = new Attachment(body, new(TaskCreationOptions.RunContinuationsAsynchronously));
        await _lock.WaitAsync(ct);
        try
        {
            _attached?.Ended.TrySetResult();
            _attached = mine;
            await body.FlushAsync(ct);
            // What a response that breaks did not take waits again, for another one.
            while (_attached == mine && _backlog.TryDequeue(out var waiting))
            {
                await SendAsync(waiting);
            }
        }
        catch
        {
            Interlocked.CompareExchange(ref _attached, null, mine);
            throw;
        }
        finally
        {
            _lock.Release();
        }

        await BeatAsync(mine, ct);
    }

    /// <summary>Lets the response that is attached end.</summary>
    public void End() => Volatile.Read(ref _attached)?.Ended.TrySetResult();

    public override void Write(byte[] buffer, int offset, int count) => _event.Write(buffer, offset, count);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _event.Write(buffer.Span);
        return default;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        _event.Write(buffer, offset, count);
        return Task.CompletedTask;
    }

    public override void Flush() => throw new NotSupportedException("events are sent asynchronously");

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _lock.WaitAsync(cancellationToken);
        try
        {
            var bytes = _event.ToArray();
            _event.SetLength(0);
            await SendAsync(bytes);
        }
        finally
        {
            _lock.Release();
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task BeatAsync(Attachment mine, CancellationToken ct)
    {
        try
        {
            while (!mine.Ended.Task.IsCompleted)
            {
                var pause = Task.Delay(heartbeat, time, ct);
                if (await Task.WhenAny(mine.Ended.Task, pause) == pause)
                {
                    await pause;
                    await BeatOnceAsync(mine);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The client hung up, or the server stops.
        }
        finally
        {
            Interlocked.CompareExchange(ref _attached, null, mine);
        }
    }

    private async Task BeatOnceAsync(Attachment mine)
    {
        await _lock.WaitAsync();
        try
        {
            if (_attached == mine)
            {
                await SendAsync(Beat);
            }
        }
        finally
        {
            _lock.Release();
        }
    }

    private async Task SendAsync(byte[] bytes)
    {
        if (_attached is { } to)
        {
            try
            {
                await to.Body.WriteAsync(bytes);
                await to.Body.FlushAsync();
                return;
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                to.Ended.TrySetResult();
                _attached = null;
            }
        }

        Keep(bytes);
    }

    private void Keep(byte[] bytes)
    {
        if (bytes.Length == 0 || bytes == Beat)
        {
            return;
        }

        if (_backlog.Count == MaxBacklog)
        {
            _backlog.Dequeue();
        }

        _backlog.Enqueue(bytes);
    }
}
