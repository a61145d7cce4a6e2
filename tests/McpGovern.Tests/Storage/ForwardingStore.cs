using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.Tests.Storage;

/// <summary>A store in front of another one, for what a test wants to see of it or to spoil.</summary>
internal abstract class ForwardingStore(ICallStore store) : ICallStore
{
    public string Description => store.Description;

    public virtual Task<AppendResult> AppendAsync(Append append, CancellationToken ct) => store.AppendAsync(append, ct);

    public virtual Task PrepareAsync(CancellationToken ct) => store.PrepareAsync(ct);

    public virtual Task<StoredCall?> LoadAsync(string callId, CancellationToken ct) => store.LoadAsync(callId, ct);

    public virtual Task<StoredResult?> LoadResultAsync(string callId, CancellationToken ct) => store.LoadResultAsync(callId, ct);

    public virtual Task<int> DropResultsAsync(DateTimeOffset before, CancellationToken ct) => store.DropResultsAsync(before, ct);

    public virtual Task<CallPage> ListAsync(CallQuery query, CancellationToken ct) => store.ListAsync(query, ct);

    public virtual Task<int> CountPendingAsync(string scope, string requestedBy, CancellationToken ct) => store.CountPendingAsync(scope, requestedBy, ct);

    public virtual Task<string?> FindByAttachKeyAsync(string scope, string attachKey, CancellationToken ct) => store.FindByAttachKeyAsync(scope, attachKey, ct);

    public virtual Task<IReadOnlyList<CallRow>> FindByExecutionAsync(string executionId, CancellationToken ct) => store.FindByExecutionAsync(executionId, ct);

    public virtual Task<IReadOnlyList<string>> FindPastDueAsync(DateTimeOffset now, int limit, CancellationToken ct) => store.FindPastDueAsync(now, limit, ct);

    public virtual Task<IReadOnlyList<string>> FindDispatchableAsync(
        string scope, IReadOnlyCollection<string> fingerprints, DateTimeOffset now, int limit, CancellationToken ct) =>
        store.FindDispatchableAsync(scope, fingerprints, now, limit, ct);

    public virtual Task<IReadOnlyList<CallRow>> FindByStatusAsync(string scope, string status, int limit, CancellationToken ct) =>
        store.FindByStatusAsync(scope, status, limit, ct);

    public virtual Task<IReadOnlyList<CallRow>> FindOrphansAsync(int limit, CancellationToken ct) => store.FindOrphansAsync(limit, ct);

    public virtual Task RenewLeaseAsync(ProcessLease lease, TimeSpan lasts, CancellationToken ct) => store.RenewLeaseAsync(lease, lasts, ct);

    public virtual Task EndLeaseAsync(ProcessLease lease, CancellationToken ct) => store.EndLeaseAsync(lease, ct);

    public virtual Task SaveToolsAsync(string scope, string fingerprint, string json, CancellationToken ct) => store.SaveToolsAsync(scope, fingerprint, json, ct);

    public virtual Task<string?> LoadToolsAsync(string scope, string fingerprint, CancellationToken ct) => store.LoadToolsAsync(scope, fingerprint, ct);

    public virtual Task WaitForChangeAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct) => store.WaitForChangeAsync(cursor, atMost, ct);

    public virtual Task<IReadOnlyList<string>> RebuildAsync(bool repair, CancellationToken ct) => store.RebuildAsync(repair, ct);

    public virtual Task<byte[]?> ReadAsync(string key, DateTimeOffset now, CancellationToken ct) => store.ReadAsync(key, now, ct);

    public virtual Task<IReadOnlyList<KeyValuePair<string, byte[]>>> ReadAllAsync(string prefix, DateTimeOffset now, CancellationToken ct) =>
        store.ReadAllAsync(prefix, now, ct);

    public virtual Task WriteAsync(string key, byte[] value, DateTimeOffset? until, CancellationToken ct) => store.WriteAsync(key, value, until, ct);

    public virtual Task<byte[]> AddAsync(string key, byte[] value, DateTimeOffset? until, DateTimeOffset now, CancellationToken ct) =>
        store.AddAsync(key, value, until, now, ct);

    public virtual Task RemoveAsync(string key, CancellationToken ct) => store.RemoveAsync(key, ct);

    public virtual Task<int> DropStateAsync(DateTimeOffset now, CancellationToken ct) => store.DropStateAsync(now, ct);

    public virtual ValueTask DisposeAsync() => store.DisposeAsync();
}
