using System.Text.Json;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>What is frozen just now. A store that cannot be read lets nothing through, because nothing can be recorded there either.</summary>
internal sealed class Freezes(ISharedState state, TimeProvider time)
{
    public const string Prefix = "freeze:";

    /// <summary>How old the answer may be: a freeze holds on every process within twice this.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(400);

    private readonly Lock gate = new();
    private Task<IReadOnlyList<Freeze>>? reading;
    private long readAt;

    /// <summary>The freeze that holds the call, if one does.</summary>
    /// <exception cref="StoreUnavailableException">Nobody knows: nothing may be sent.</exception>
    public async Task<Freeze?> FindAsync(CallSubmitted call, CancellationToken ct) =>
        (await CurrentAsync(ct)).FirstOrDefault(freeze => freeze.Holds(call));

    /// <summary>Why nothing may be asked of the server for the actor, or <c>null</c>. For what is not recorded.</summary>
    public async Task<string?> WhyNotAsync(string server, string actor, CancellationToken ct)
    {
        try
        {
            return (await CurrentAsync(ct)).FirstOrDefault(freeze => freeze.Holds(server, actor)) is { } freeze ? AgentText.Frozen(freeze) : null;
        }
        catch (StoreUnavailableException e)
        {
            return AgentText.FreezesUnknown(e.Message);
        }
    }

    public Task<IReadOnlyList<Freeze>> CurrentAsync(CancellationToken ct)
    {
        lock (gate)
        {
            if (reading is null or { IsFaulted: true } || time.GetElapsedTime(readAt) > MaxAge)
            {
                (reading, readAt) = (ReadAsync(), time.GetTimestamp());
            }

            return reading.WaitAsync(ct);
        }
    }

    /// <summary>What was changed here counts here at once.</summary>
    public void Changed()
    {
        lock (gate)
        {
            reading = null;
        }
    }

    private async Task<IReadOnlyList<Freeze>> ReadAsync() =>
        [.. (await state.ReadAllAsync(Prefix, time.GetUtcNow(), CancellationToken.None)).Select(entry => Read(entry.Key, entry.Value))];

    private static Freeze Read(string key, byte[] value)
    {
        try
        {
            if (JsonSerializer.Deserialize<Freeze>(value) is { Kind: "all" or "server" or "actor" } freeze)
            {
                return freeze;
            }
        }
        catch (JsonException)
        {
            // What is no freeze either.
        }

        // Unknown means closed.
        return new("all", null, "nobody known", DateTimeOffset.UnixEpoch, $"the entry '{key}' cannot be read") { Unreadable = key };
    }
}
