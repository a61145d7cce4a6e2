using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>Tells the store that this process lives, so that what it sent is not taken for lost.</summary>
internal sealed partial class LeaseKeeper(ICallStore store, TimeProvider time, ILogger<LeaseKeeper> log) : IAsyncDisposable
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(3);

    private readonly ProcessLease process = ProcessLease.Current(time);
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim once = new(1);
    private Task? renewing;
    private volatile Moment? written;

    public string ProcessId => process.Id;

    /// <summary>Whether it was ever taken: without it nothing is sent.</summary>
    public bool IsHeld => renewing is not null;

    // A process that was stopped, or whose machine slept, must not rely on a lease that others saw end.
    private bool IsFresh => renewing is not null && written?.IsOlderThan(Lease / 2, time) == false;

    /// <summary>Returns once the lease is in the store and stands for a while; from then on it is renewed.</summary>
    public async Task EnsureAsync(CancellationToken ct)
    {
        if (IsFresh)
        {
            return;
        }

        await once.WaitAsync(ct);
        try
        {
            if (!IsFresh)
            {
                FaultPoints.At(FaultPoint.LeaseBeforeWrite);
                await WriteAsync(ct);
                renewing ??= RenewAsync();
            }
        }
        finally
        {
            once.Release();
        }
    }

    private async Task RenewAsync()
    {
        using var timer = new PeriodicTimer(Renewal, time);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stop.Token);
                await WriteAsync(stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (StoreUnavailableException e)
            {
                LogNotRenewed(e.Message);
            }
        }
    }

    // Its beginning counts: the store may take its time.
    private async Task WriteAsync(CancellationToken ct)
    {
        var now = Moment.Now(time);
        await store.RenewLeaseAsync(process, Lease, ct);
        written = now;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (renewing is not null)
        {
            await renewing;
            try
            {
                await store.EndLeaseAsync(process, default);
            }
            catch (StoreUnavailableException e)
            {
                LogNotRenewed(e.Message);
            }
        }

        stop.Dispose();
        once.Dispose();
    }

    [LoggerMessage(1030, LogLevel.Warning, "The lease of this process could not be written: {Why}")]
    private partial void LogNotRenewed(string why);
}
