namespace McpGovern.Tests.Calls;

/// <summary>The system's time, moved ahead by as much as a story wants; timers run as ever.</summary>
internal sealed class MovableTime : TimeProvider
{
    private long ahead;

    public void Advance(TimeSpan by) => Interlocked.Add(ref ahead, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref ahead));
}
