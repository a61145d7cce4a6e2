using System.Collections.Concurrent;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Storage;

namespace McpGovern.Tests.Crashes;

/// <summary>
/// A bug that the product must not have: an append with a certain event is acknowledged before it is written, or although it failed, or
/// freezes, the uses of grants, or the leases of other processes are not seen, or freezes only as they were at the first look;
/// or an approval covers whatever is stored by now.
/// </summary>
internal sealed class HastyStore(ICallStore inner, string early) : ForwardingStore(inner)
{
    public const string BlindToFreezes = "Freezes", StaleFreezes = "FirstFreezes", BlindToUses = "GrantUses", BlindToLeases = "Leases", BlindToHashes = "CallHashes";

    /// <summary>Before the event's name: its append is acknowledged although it failed.</summary>
    public const string Failed = "Failed:";

    private static readonly TimeSpan HeldBack = TimeSpan.FromMilliseconds(300);
    private readonly ConcurrentDictionary<string, Task> writing = new();
    private IReadOnlyList<KeyValuePair<string, byte[]>>? firstFreezes;

    public override Task<AppendResult> AppendAsync(Append append, CancellationToken ct)
    {
        if (Has(append, early))
        {
            writing[append.CallId] = WriteLaterAsync(append);
            return Task.FromResult<AppendResult>(new AppendResult.Appended(append.Row.Version));
        }

        return early.StartsWith(Failed, StringComparison.Ordinal) && Has(append, early[Failed.Length..]) ? PretendAsync(append, ct) : base.AppendAsync(append, ct);
    }

    // The process itself must not notice, or it would stumble over its own haste.
    public override async Task<StoredCall?> LoadAsync(string callId, CancellationToken ct)
    {
        await writing.GetValueOrDefault(callId, Task.CompletedTask);
        var call = await base.LoadAsync(callId, ct);
        return early == BlindToHashes && call is { Events: [CallSubmitted submitted, ..] }
            ? call with { Events = [.. call.Events.Select(e => e is ToolApprovalRequired gate ? gate with { CallHash = CallHash.Of(submitted, gate.RuleDigest) } : e)] } : call;
    }

    public override Task<IReadOnlyList<CallRow>> FindOrphansAsync(int limit, CancellationToken ct) =>
        early == BlindToLeases ? base.FindByStatusAsync(CrashWorld.Scope, "dispatching", limit, ct) : base.FindOrphansAsync(limit, ct);

    public override async Task<IReadOnlyList<KeyValuePair<string, byte[]>>> ReadAllAsync(string prefix, DateTimeOffset now, CancellationToken ct) =>
        early == StaleFreezes && prefix == Freezes.Prefix
            ? firstFreezes ??= await base.ReadAllAsync(prefix, now, ct)
            : await base.ReadAllAsync((early == BlindToFreezes && prefix == Freezes.Prefix) || IsUnseenUse(prefix) ? "nothing:" : prefix, now, ct);

    public override async Task<byte[]> AddAsync(string key, byte[] value, DateTimeOffset? until, DateTimeOffset now, CancellationToken ct)
    {
        var standing = await base.AddAsync(key, value, until, now, ct);
        return IsUnseenUse(key) ? value : standing;
    }

    private bool IsUnseenUse(string key) => early == BlindToUses && key.StartsWith(Grants.UsePrefix, StringComparison.Ordinal);

    private static bool Has(Append append, string name) => append.Events.Any(e => e.Event.GetType().Name == name);

    private async Task WriteLaterAsync(Append append)
    {
        await Task.Delay(HeldBack);
        Stumble(append);
        await base.AppendAsync(append, default);
    }

    private async Task<AppendResult> PretendAsync(Append append, CancellationToken ct)
    {
        try
        {
            Stumble(append);
            return await base.AppendAsync(append, ct);
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
