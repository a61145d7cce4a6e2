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

    public string ProcessId => process.Id;

    /// <summary>For these the lease speaks.</summary>
    public Underway Underway { get; } = new();

    /// <summary>Returns once the lease is in the store; from then on it is renewed.</summary>
    public async Task EnsureAsync(CancellationToken ct)
    {
        if (renewing is not null)
        {
            return;
        }

        await once.WaitAsync(ct);
        try
        {
            if (renewing is null)
            {
                FaultPoints.At(FaultPoint.LeaseBeforeWrite);
                await store.RenewLeaseAsync(process, time.GetUtcNow() + Lease, ct);
                renewing = RenewAsync();
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
                await store.RenewLeaseAsync(process, time.GetUtcNow() + Lease, stop.Token);
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
