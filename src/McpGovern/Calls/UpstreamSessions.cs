using System.Collections.Concurrent;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>
/// Ties a parked call to the upstream session that it was meant for, where the policy says <c>same_session</c>: a page or a transaction
/// that is open there does not outlive the session, and neither does the call.
/// </summary>
internal sealed class UpstreamSessions(UpstreamSet upstreams, LeaseKeeper lease)
{
    // Until its session ends, or the call is sent from here.
    private readonly ConcurrentDictionary<string, (string Fingerprint, string Connection)> watched = new(StringComparer.Ordinal);

    /// <summary>The call, tied to the live session of its upstream, which is started where there is none.</summary>
    /// <exception cref="UpstreamUnavailableException">There is no session that it could be meant for.</exception>
    public async Task<CallSubmitted> TieAsync(CallSubmitted call, Upstream upstream, CancellationToken ct)
    {
        var connection = await upstream.ConnectAsync(ct);
        // Others see by the lease whether the process that has the session lives.
        await lease.EnsureAsync(ct);
        return call with { UpstreamSession = new(lease.ProcessId, connection.Id) };
    }

    /// <summary>Whether this process may run the call, as far as its session goes.</summary>
    public bool IsHere(CallSubmitted call) => call.UpstreamSession is not { } session || session.Process == lease.ProcessId;

    /// <summary>Whether the call cannot run any more; of a session that another process has, nothing is known here.</summary>
    public bool IsOver(CallSubmitted call) =>
        call.UpstreamSession is { } session && session.Process == lease.ProcessId && !IsLive(call.UpstreamFingerprint, session.Connection);

    /// <summary>What ends a call whose session is over: there is none in which it could be asked for again.</summary>
    public static CallChange Ended(CallSubmitted call) =>
        new("upstream", $"the session with {call.Server} that it was meant for is over", Successor: null, call.ToolDefinitionHash);

    /// <summary>From now on the call is named by <see cref="Lost"/> when its session ends.</summary>
    public void Watch(string callId, CallSubmitted call)
    {
        if (call.UpstreamSession is { } session)
        {
            watched[callId] = (call.UpstreamFingerprint, session.Connection);
        }
    }

    public void Forget(string callId) => watched.TryRemove(callId, out _);

    /// <summary>Calls whose session is over, and that may still be waiting for it.</summary>
    public IReadOnlyList<string> Lost() => [.. watched.Where(w => !IsLive(w.Value.Fingerprint, w.Value.Connection)).Select(w => w.Key)];

    private bool IsLive(string fingerprint, string connection) =>
        upstreams.All.FirstOrDefault(u => u.Config.Fingerprint == fingerprint)?.LiveConnection?.Id == connection;
}
