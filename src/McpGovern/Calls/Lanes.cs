using System.Collections.Concurrent;

namespace McpGovern.Calls;

/// <summary>How much is done at once beside those who ask: so many calls of each upstream, whose slowness is nobody else's, and so much work that only needs the store.</summary>
internal sealed class Lanes
{
    private readonly ConcurrentDictionary<string, Lane> upstreams = new();
    private readonly Lane store = new();

    /// <summary>Waits for a place for what sends nothing; also while the process ends, which has to put things right.</summary>
    public async Task<IDisposable> WorkAsync() => (await store.EnterAsync())!;

    /// <summary>Waits for a place among the calls that are sent to the upstream.</summary>
    /// <returns><c>null</c> where the process ends.</returns>
    public Task<IDisposable?> EnterAsync(string fingerprint) => LaneOf(fingerprint).EnterAsync();

    /// <returns><c>null</c> where none is free.</returns>
    public IDisposable? TryEnter(string fingerprint) => LaneOf(fingerprint).TryEnter();

    /// <summary>Calls of the upstream wait for a place: to begin more of them is of no use.</summary>
    public bool IsCrowded(string fingerprint) => LaneOf(fingerprint).IsCrowded;

    /// <summary>What waits to be sent is left for the next process.</summary>
    public void Close()
    {
        foreach (var lane in upstreams.Values)
        {
            lane.Close();
        }
    }

    private Lane LaneOf(string fingerprint) => upstreams.GetOrAdd(fingerprint, _ => new());
}
