using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.Tests.Storage;

/// <summary>A store that says what was just written in it, before whoever wrote it hears of that.</summary>
internal sealed class WatchedStore(ICallStore store) : ICallStore
{
    /// <summary>Called with the key of what was written, or with the call's id.</summary>
    public Action<string> Written { get; set; } = _ => { };

    public string Description => store.Description;

    public async Task<AppendResult> AppendAsync(Append append, CancellationToken ct)
    {
        var result = await store.AppendAsync(append, ct);
        Written(append.CallId);
        return result;
    }

    public async Task WriteAsync(string key, byte[] value, DateTimeOffset? until, CancellationToken ct)
    {
        await store.WriteAsync(key, value, until, ct);
        Written(key);
    }

    public async Task<byte[]> AddAsync(string key, byte[] value, DateTimeOffset? until, DateTimeOffset now, CancellationToken ct)
    {
        var standing = await store.AddAsync(key, value, until, now, ct);
        Written(key);
        return standing;
    }

    public async Task RemoveAsync(string key, CancellationToken ct)
    {
        await store.RemoveAsync(key, ct);
        Written(key);
    }

    public Task PrepareAsync(CancellationToken ct) => store.PrepareAsync(ct);

    public Task<StoredCall?> LoadAsync(string callId, CancellationToken ct) => store.LoadAsync(callId, ct);

    public Task<StoredResult?> LoadResultAsync(string callId, CancellationToken ct) => store.LoadResultAsync(callId, ct);

    public Task<int> DropResultsAsync(DateTimeOffset before, CancellationToken ct) => store.DropResultsAsync(before, ct);

    public Task<CallPage> ListAsync(CallQuery query, CancellationToken ct) => store.ListAsync(query, ct);

    public Task<int> CountPendingAsync(string scope, string requestedBy, CancellationToken ct) => store.CountPendingAsync(scope, requestedBy, ct);

    public Task<string?> FindByAttachKeyAsync(string scope, string attachKey, CancellationToken ct) => store.FindByAttachKeyAsync(scope, attachKey, ct);

    public Task<IReadOnlyList<CallRow>> FindByExecutionAsync(string executionId, CancellationToken ct) => store.FindByExecutionAsync(executionId, ct);

    public Task<IReadOnlyList<string>> FindPastDueAsync(DateTimeOffset now, int limit, CancellationToken ct) => store.FindPastDueAsync(now, limit, ct);

    public Task<IReadOnlyList<string>> FindDispatchableAsync(
        string scope, IReadOnlyCollection<string> fingerprints, DateTimeOffset now, int limit, CancellationToken ct) =>
        store.FindDispatchableAsync(scope, fingerprints, now, limit, ct);

    public Task<IReadOnlyList<CallRow>> FindByStatusAsync(string scope, string status, int limit, CancellationToken ct) =>
        store.FindByStatusAsync(scope, status, limit, ct);

    public Task<IReadOnlyList<CallRow>> FindOrphansAsync(int limit, CancellationToken ct) => store.FindOrphansAsync(limit, ct);

    public Task RenewLeaseAsync(ProcessLease lease, TimeSpan lasts, CancellationToken ct) => store.RenewLeaseAsync(lease, lasts, ct);

    public Task EndLeaseAsync(ProcessLease lease, CancellationToken ct) => store.EndLeaseAsync(lease, ct);

    public Task SaveToolsAsync(string scope, string fingerprint, string json, CancellationToken ct) => store.SaveToolsAsync(scope, fingerprint, json, ct);

    public Task<string?> LoadToolsAsync(string scope, string fingerprint, CancellationToken ct) => store.LoadToolsAsync(scope, fingerprint, ct);

    public Task WaitForChangeAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct) => store.WaitForChangeAsync(cursor, atMost, ct);

    public Task<IReadOnlyList<string>> RebuildAsync(bool repair, CancellationToken ct) => store.RebuildAsync(repair, ct);

    public Task<byte[]?> ReadAsync(string key, DateTimeOffset now, CancellationToken ct) => store.ReadAsync(key, now, ct);

    public Task<IReadOnlyList<KeyValuePair<string, byte[]>>> ReadAllAsync(string prefix, DateTimeOffset now, CancellationToken ct) =>
        store.ReadAllAsync(prefix, now, ct);

    public Task<int> DropStateAsync(DateTimeOffset now, CancellationToken ct) => store.DropStateAsync(now, ct);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
