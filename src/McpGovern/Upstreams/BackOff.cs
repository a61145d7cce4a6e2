namespace McpGovern.Upstreams;

/// <summary>Pauses between failed starts: 1 s, doubled each time, at most 5 min.</summary>
internal sealed class BackOff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1), Longest = TimeSpan.FromMinutes(5);

    private TimeSpan _next = First;
    private DateTimeOffset _until = DateTimeOffset.MinValue;

    public bool IsWaiting => time.GetUtcNow() < _until;

    public void Succeeded() => (_next, _until) = (First, DateTimeOffset.MinValue);

    /// <summary>Begins the next pause and tells how long it is.</summary>
    public TimeSpan Failed()
    {
        var pause = _next;
        _until = time.GetUtcNow() + pause;
        _next = pause * 2 < Longest ? pause * 2 : Longest;
        return pause;
    }
}
