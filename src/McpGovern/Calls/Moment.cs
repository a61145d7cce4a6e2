namespace McpGovern.Calls;

/// <summary>A moment of this process, by both its clocks: one of them may be set, the other may stand still while the machine sleeps.</summary>
internal sealed record Moment(long Timestamp, DateTimeOffset At)
{
    public static Moment Now(TimeProvider time) => new(time.GetTimestamp(), time.GetUtcNow());

    /// <summary>By the clock that says more.</summary>
    public bool IsOlderThan(TimeSpan span, TimeProvider time) =>
        time.GetElapsedTime(Timestamp) > span || (time.GetUtcNow() - At).Duration() > span;
}
