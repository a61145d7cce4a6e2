using System.Collections.Concurrent;
using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.Tests.Crashes;

/// <summary>
/// A bug that the product must not have: an append with a certain event is acknowledged before it is written, or although it failed, or
/// freezes, the uses of grants, or the leases of other processes are not seen, or freezes only as they were at the first look;
/// or an approval covers whatever is stored by now.
/// </summary>
internal sealed class HastyStore(ICallStore inner, string early) : ICallStore
{
    public const string BlindToFreezes = "Freezes", StaleFreezes = "FirstFreezes", BlindToUses = "GrantUses", BlindToLeases = "Leases", BlindToHashes = "CallHashes";

    /// <summary>Before the event's name: its append is acknowledged although it failed.</summary>
    public const string Failed = "Failed:";

    private static readonly TimeSpan HeldBack = TimeSpan.FromMilliseconds(300);
    private readonly ConcurrentDictionary<string, Task> writing = new();
    private IReadOnlyList<KeyValuePair<string, byte[]>>? firstFreezes;

    public string Description => inner.Description;

    public Task<AppendResult> AppendAsync(Append append, CancellationToken ct)
    {
        if (Has(append, early))
        {
            writing[append.CallId] = WriteLaterAsync(append);
            return Task.FromResult<AppendResult>(new AppendResult.Appended(append.Row.Version));
        }

        return early.StartsWith(Failed, StringComparison.Ordinal) && Has(append, early[Failed.Length..]) ? PretendAsync(append, ct) : inner.AppendAsync(append, ct);
    }

    // The process itself must not notice, or it would stumble over its own haste.
    public async Task<StoredCall?> LoadAsync(string callId, CancellationToken ct)
    {
        await writing.GetValueOrDefault(callId, Task.CompletedTask);
        var call = await inner.LoadAsync(callId, ct);
        return early == BlindToHashes && call is { Events: [CallSubmitted submitted, ..] }
            ? call with { Events = [.. call.Events.Select(e => e is ToolApprovalRequired gate ? gate with { CallHash = CallHash.Of(submitted, gate.RuleDigest) } : e)] } : call;
    }

    public Task PrepareAsync(CancellationToken ct) => inner.PrepareAsync(ct);

    public Task<StoredResult?> LoadResultAsync(string callId, CancellationToken ct) => inner.LoadResultAsync(callId, ct);

    public Task<int> DropResultsAsync(DateTimeOffset before, CancellationToken ct) => inner.DropResultsAsync(before, ct);

    public Task<CallPage> ListAsync(CallQuery query, CancellationToken ct) => inner.ListAsync(query, ct);

    public Task<int> CountPendingAsync(string scope, string requestedBy, CancellationToken ct) => inner.CountPendingAsync(scope, requestedBy, ct);

    public Task<string?> FindByAttachKeyAsync(string scope, string attachKey, CancellationToken ct) => inner.FindByAttachKeyAsync(scope, attachKey, ct);

    public Task<IReadOnlyList<CallRow>> FindByExecutionAsync(string executionId, CancellationToken ct) => inner.FindByExecutionAsync(executionId, ct);

    public Task<IReadOnlyList<string>> FindPastDueAsync(DateTimeOffset now, int limit, CancellationToken ct) => inner.FindPastDueAsync(now, limit, ct);

    public Task<IReadOnlyList<string>> FindDispatchableAsync(string scope, IReadOnlyCollection<string> fingerprints, DateTimeOffset now, int limit, CancellationToken ct) =>
        inner.FindDispatchableAsync(scope, fingerprints, now, limit, ct);

    public Task<IReadOnlyList<CallRow>> FindByStatusAsync(string scope, string status, int limit, CancellationToken ct) =>
        inner.FindByStatusAsync(scope, status, limit, ct);

    public Task<IReadOnlyList<CallRow>> FindOrphansAsync(int limit, CancellationToken ct) =>
        early == BlindToLeases ? inner.FindByStatusAsync(CrashWorld.Scope, "dispatching", limit, ct) : inner.FindOrphansAsync(limit, ct);

    public Task RenewLeaseAsync(ProcessLease lease, TimeSpan lasts, CancellationToken ct) => inner.RenewLeaseAsync(lease, lasts, ct);

    public Task EndLeaseAsync(ProcessLease lease, CancellationToken ct) => inner.EndLeaseAsync(lease, ct);

    public Task SaveToolsAsync(string scope, string fingerprint, string json, CancellationToken ct) => inner.SaveToolsAsync(scope, fingerprint, json, ct);

    public Task<string?> LoadToolsAsync(string scope, string fingerprint, CancellationToken ct) => inner.LoadToolsAsync(scope, fingerprint, ct);

    public Task WaitForChangeAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct) => inner.WaitForChangeAsync(cursor, atMost, ct);

    public Task<IReadOnlyList<string>> RebuildAsync(bool repair, CancellationToken ct) => inner.RebuildAsync(repair, ct);

    public Task<byte[]?> ReadAsync(string key, DateTimeOffset now, CancellationToken ct) => inner.ReadAsync(key, now, ct);

    public async Task<IReadOnlyList<KeyValuePair<string, byte[]>>> ReadAllAsync(string prefix, DateTimeOffset now, CancellationToken ct) =>
        early == StaleFreezes && prefix == Freezes.Prefix
            ? firstFreezes ??= await inner.ReadAllAsync(prefix, now, ct)
            : await inner.ReadAllAsync((early == BlindToFreezes && prefix == Freezes.Prefix) || IsUnseenUse(prefix) ? "nothing:" : prefix, now, ct);

    public Task WriteAsync(string key, byte[] value, DateTimeOffset? until, CancellationToken ct) => inner.WriteAsync(key, value, until, ct);

    public async Task<byte[]> AddAsync(string key, byte[] value, DateTimeOffset? until, DateTimeOffset now, CancellationToken ct)
    {
        var standing = await inner.AddAsync(key, value, until, now, ct);
        return IsUnseenUse(key) ? value : standing;
    }

    private bool IsUnseenUse(string key) => early == BlindToUses && key.StartsWith(Grants.UsePrefix, StringComparison.Ordinal);

    public Task RemoveAsync(string key, CancellationToken ct) => inner.RemoveAsync(key, ct);

    public Task<int> DropStateAsync(DateTimeOffset now, CancellationToken ct) => inner.DropStateAsync(now, ct);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private static bool Has(Append append, string name) => append.Events.Any(e => e.Event.GetType().Name == name);

    private async Task WriteLaterAsync(Append append)
    {
        await Task.Delay(HeldBack);
        Stumble(append);
        await inner.AppendAsync(append, default);
    }

    private async Task<AppendResult> PretendAsync(Append append, CancellationToken ct)
    {
        try
        {
            Stumble(append);
            return await inner.AppendAsync(append, ct);
        }
        catch (StoreUnavailableException)
        {
            return new AppendResult.Appended(append.Row.Version);
        }
    }

    /// <summary>What is done to the product just before this append can be done here too, where it would not see it.</summary>
    private static void Stumble(Append append)
    {
        foreach (var point in append.Events.Select(e => PointOf(e.Event)).OfType<FaultPoint>())
        {
            FaultPoints.At(point);
        }
    }

    private static FaultPoint? PointOf(CallEvent e) => e switch
    {
        ToolApprovalRequired => FaultPoint.ParkBeforeAppend,
        DispatchStarted => FaultPoint.DispatchBeforeAppend,
        CallSucceeded => FaultPoint.OutcomeBeforeAppend,
        _ => null,
    };
}
