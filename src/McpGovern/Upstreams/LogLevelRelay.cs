using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>
/// Has an upstream of the revisions with sessions say as much as the caller who wants most, and no sooner than that caller calls; the
/// others' share is left out on the way to them. In the stateless revision every request says it for itself.
/// </summary>
internal sealed class LogLevelRelay(Exchange exchange, bool logs)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private int _lowest = int.MaxValue;

    public async Task LowerToAsync(string? level, CancellationToken ct)
    {
        var rank = LogLevels.Rank(level);
        if (!logs || exchange.Session.Modern || rank < 0 || rank >= Volatile.Read(ref _lowest))
            return;

        var before = Interlocked.Exchange(ref _lowest, rank);
        await exchange.SendAsync(RequestMethods.LoggingSetLevel, new JsonObject { ["level"] = level }, tool: null, progress: null, Patience, ct);
        // A caller that went away may have kept it from being said: the next one says it.
        if (ct.IsCancellationRequested)
            Interlocked.CompareExchange(ref _lowest, before, rank);
    }
}
