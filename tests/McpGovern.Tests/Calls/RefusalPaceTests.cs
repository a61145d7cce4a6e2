using McpGovern.Calls;

namespace McpGovern.Tests.Calls;

public sealed class RefusalPaceTests
{
    private readonly Clock clock = new();
    private readonly RefusalPace pace;

    public RefusalPaceTests() => pace = new(clock);

    [Fact]
    public async Task Refusals_OfOneActor_AreSaidLaterAndLater_AndNobodyElses()
    {
        var told = Enumerable.Range(0, 4).Select(_ => pace.WaitAsync("agent:flood", default)).ToArray();

        Assert.True(told[0].IsCompletedSuccessfully);
        Assert.True(pace.WaitAsync("agent:other", default).IsCompletedSuccessfully);
        Assert.Equal([Step(1), Step(2), Step(3)], clock.Waits);
        Assert.False(told[3].IsCompleted);
        clock.FireAll();
        await Task.WhenAll(told);
    }

    [Fact]
    public async Task Refusal_AfterAPause_IsSaidAtOnce()
    {
        var told = Enumerable.Range(0, 10).Select(_ => pace.WaitAsync("agent:flood", default)).ToArray();
        clock.FireAll();
        await Task.WhenAll(told);

        clock.Now += Step(11);

        Assert.True(pace.WaitAsync("agent:flood", default).IsCompletedSuccessfully);
    }

    [Fact]
    public void Refusals_WithoutEnd_WaitNoLongerThanTheLatest_AndNotMoreThanSoMany()
    {
        var told = Enumerable.Range(0, 5000).Select(_ => pace.WaitAsync("agent:flood", default)).ToArray();

        Assert.All(clock.Waits, wait => Assert.InRange(wait, TimeSpan.Zero, RefusalPace.Latest));
        Assert.Equal(1000, clock.Waits.Count);
        Assert.Equal(4000, told.Count(task => task.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task Refusal_OfAClientThatHangsUp_LeavesItsPlace()
    {
        using var gone = new CancellationTokenSource();
        var told = Enumerable.Range(0, 1001).Select(_ => pace.WaitAsync("agent:flood", gone.Token)).ToArray();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(told));

        Assert.False(pace.WaitAsync("agent:flood", default).IsCompleted);
    }

    private static TimeSpan Step(int count) => TimeSpan.FromSeconds(1) / RefusalPace.PerSecond * count;

    /// <summary>Stands still, and says what is waited for.</summary>
    private sealed class Clock : TimeProvider
    {
        private readonly List<Action> timers = [];

        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

        public List<TimeSpan> Waits { get; } = [];

        public override DateTimeOffset GetUtcNow() => Now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            timers.Add(() => callback(state));
            return new Nothing();
        }

        public void FireAll() => timers.ForEach(timer => timer());

        private sealed class Nothing : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
