using System.Collections.Concurrent;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>
/// The calls that this process sends just now, with the ends that the store has not taken yet. A call is entered before its dispatch is
/// recorded and leaves after its end is: whatever else stands as dispatching in this process's name was never sent.
/// </summary>
internal sealed class UnderWay
{
    /// <summary>Of results that wait for the store, in bytes. How many calls wait needs no bound: none begins while the store is away.</summary>
    private const long MaxKept = 64 << 20;

    private readonly ConcurrentDictionary<string, byte> calls = new();
    private readonly Lock gate = new();
    private readonly List<CallEnd> ends = [];

    /// <summary>What is free for results that wait, in bytes.</summary>
    public long Room
    {
        get
        {
            lock (gate)
            {
                return MaxKept - ends.Sum(end => (long)(end.Result?.Json.Length ?? 0));
            }
        }
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<CallEnd> Ends
    {
        get
        {
            lock (gate)
            {
                return [.. ends];
            }
        }
    }

    public bool IsEmpty => calls.IsEmpty;

    /// <summary>Until it is disposed of. Of one call there is one at a time.</summary>
    public IDisposable Enter(string callId)
    {
        calls[callId] = 0;
        return new Place(this, callId);
    }

    public bool Holds(string callId) => calls.ContainsKey(callId) || Ends.Any(end => end.CallId == callId);

    /// <summary>Before the call's place is left.</summary>
    public void Keep(CallEnd end)
    {
        lock (gate)
        {
            ends.Add(end);
        }
    }

    public void Drop(CallEnd end)
    {
        lock (gate)
        {
            ends.Remove(end);
        }
    }

    /// <summary>Its end cannot be written, whatever is tried: it stays as it is for as long as this process lives.</summary>
    public void Abandon(CallEnd end)
    {
        calls[end.CallId] = 0;
        Drop(end);
    }

    private sealed class Place(UnderWay all, string callId) : IDisposable
    {
        public void Dispose() => all.calls.TryRemove(callId, out _);
    }
}

/// <summary>What is to be recorded of a call that was sent.</summary>
internal sealed record CallEnd(string CallId, CallCommand Command, StoredResult? Result);
