using System.Collections.Concurrent;

namespace McpGovern.Tests.Crashes;

/// <summary>What the world outside was promised, to be held against the store afterwards.</summary>
internal sealed class Journal
{
    /// <summary>Payments whose call is known to be parked, with its id.</summary>
    public ConcurrentDictionary<string, string> Parked { get; } = new();

    /// <summary>Calls whose decision was acknowledged, with the decision.</summary>
    public ConcurrentDictionary<string, string> Decided { get; } = new();

    /// <summary>Payments whose result the agent has seen.</summary>
    public ConcurrentDictionary<string, bool> Delivered { get; } = new();

    /// <summary>From just before each SIGKILL until the process was gone.</summary>
    public ConcurrentBag<(DateTimeOffset From, DateTimeOffset Until)> Kills { get; } = [];

    public void Hear(string payment, Heard heard)
    {
        if (heard.CallId is { } callId)
        {
            Parked[payment] = callId;
        }

        if (HasPaid(payment, heard))
        {
            Delivered[payment] = true;
        }
    }

    public static bool HasPaid(string payment, Heard heard) => !heard.IsError && heard.Text.Contains($"for {payment}", StringComparison.Ordinal);
}
