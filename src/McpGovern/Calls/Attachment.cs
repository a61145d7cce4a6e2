using McpGovern.Storage;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>The newest call with the same attach key, and whether a call that is sent again attaches to it.</summary>
internal sealed record Earlier(LoadedCall Call, bool Attaches);

/// <summary>When a gated call that is sent again is the same call, and when it is meant anew: two equal payments can both be meant.</summary>
internal sealed class Attachment(CallStreams streams, ICallStore store, TimeProvider time)
{
    public static readonly TimeSpan AfterEnd = TimeSpan.FromMinutes(10);
    // Newest first by when they were asked: what was asked before these was hardly rejected just now.
    private const int MostLookedAt = 20, MostOwnLookedAt = 100;

    public static readonly TimeSpan AtMost = TimeSpan.FromHours(24);

    public async Task<Earlier?> FindAsync(string scope, string attachKey, CancellationToken ct)
    {
        if (await store.FindByAttachKeyAsync(scope, attachKey, ct) is not { } id || await streams.LoadAsync(id, ct) is not { } call)
        {
            return null;
        }

        var now = time.GetUtcNow();
        var attaches = Attaches(call.State, now);
        if (!attaches && call.State is (Pending or Approved))
        {
            // Nobody has swept it yet, and as long as it counts as open it stands in the new call's way.
            await streams.ExecuteAsync(id, new CallCommand.Expire(now), ct);
        }

        return new(call, attaches);
    }

    /// <summary>
    /// The rejection that this call would walk around: of the same arguments by the same requester, within the cool-down, under whatever
    /// key of the client's own.
    /// </summary>
    public async Task<LoadedCall?> FindRejectionAsync(CallSubmitted call, CancellationToken ct)
    {
        var since = time.GetUtcNow() - AfterEnd;
        var query = new CallQuery(["rejected"], MostOwnLookedAt) { Scope = call.Scope, Server = call.Server, Tool = call.Tool, RequestedBy = call.RequestedBy };
        return (await store.ListAsync(query, ct)).Calls.Select(LoadedCall.TryRead).OfType<LoadedCall>()
            .Where(other => other.State is Rejected rejected && rejected.By.At > since && IntentOf(rejected.Call) == IntentOf(call))
            .MaxBy(other => ((Rejected)other.State).By.At);
    }

    // A key keeps two equal calls apart that are both meant; a no to the one is meant for the other.
    private static string IntentOf(CallSubmitted call) =>
        CallHash.AttachKey(call.Tenant, call.RequestedBy, call.Server, call.Tool, call.Arguments, idempotencyKey: null, call.Continues, call.InputResponses);

    /// <summary>
    /// A call like this one that was rejected within the cool-down: the same tool, asked for by the same actor or with the same arguments. It
    /// is another call, and whoever decides should know.
    /// </summary>
    public async Task<string?> FindRejectedAsync(CallSubmitted call, CancellationToken ct)
    {
        var since = time.GetUtcNow() - AfterEnd;
        var page = await store.ListAsync(new CallQuery(["rejected"], MostLookedAt) { Scope = call.Scope, Server = call.Server, Tool = call.Tool }, ct);
        return page.Calls.Select(LoadedCall.TryRead).OfType<LoadedCall>().Select(other => (other.Id, State: other.State as Rejected))
            .Where(other => other.State is { } rejected && rejected.By.At > since
                && (rejected.Call.RequestedBy == call.RequestedBy || rejected.Call.ArgumentsHash == call.ArgumentsHash))
            .OrderByDescending(other => other.State!.By.At).FirstOrDefault().Id;
    }

    internal static bool Attaches(CallState state, DateTimeOffset now) => state switch
    {
        Pending { Required.Deadline: { } deadline } => now < deadline,
        Approved { ValidUntil: { } until } => now < until,
        Pending or Approved or Dispatching or Unknown => true,
        Rejected s => now < s.By.At + AfterEnd,
        Ended s => now < Earliest(Latest(s.At, s.DeliveredAt ?? s.At) + AfterEnd, s.At + AtMost),
        Resolved s => now < s.At + AfterEnd,
        _ => false,
    };

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Earliest(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
