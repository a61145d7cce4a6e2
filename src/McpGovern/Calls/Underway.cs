using System.Collections.Concurrent;

namespace McpGovern.Calls;

/// <summary>
/// The calls that this process is sending, from before that is recorded until their outcome is. What the store has as being sent by this
/// process and is not among them was lost track of, when the store went away between two steps.
/// </summary>
internal sealed class Underway
{
    private readonly ConcurrentDictionary<string, int> calls = new();

    public bool Has(string callId) => calls.ContainsKey(callId);

    /// <returns>To be disposed when the outcome is recorded, or cannot be.</returns>
    public IDisposable Begin(string callId)
    {
        calls[callId] = 0;
        return new End(() => calls.TryRemove(callId, out _));
    }

    private sealed class End(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
