namespace McpGovern.Server;

/// <summary>Where a stdio process is in its life: clients start throw-away probes, and those must not run anything.</summary>
internal sealed class StdioLife(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan ProbeAge = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly CancellationTokenSource _ending = new();
    private long _initializedTicks;

    /// <summary>When the client said that it is initialized, or <c>null</c> before.</summary>
    public DateTimeOffset? Initialized =>
        Interlocked.Read(ref _initializedTicks) is var ticks and not 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Cancelled at the end of stdin, at SIGTERM, or when stdout is gone.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Whether approved calls may be claimed for their own sake; a call that the own client waits for needs no leave.</summary>
    public bool MayClaim => !Ending.IsCancellationRequested && Initialized is not null && time.GetUtcNow() - _startedAt >= ProbeAge;

    public void MarkInitialized() => Interlocked.CompareExchange(ref _initializedTicks, time.GetUtcNow().UtcTicks, 0);

    public void End() => _ending.Cancel();

    public void Dispose() => _ending.Dispose();
}
