namespace McpGovern.Calls;

/// <summary>Who is refused and asks on without a pause hears it later and later: a flood of refused requests costs the others little.</summary>
internal sealed class RefusalPace(TimeProvider time)
{
    /// <summary>Refusals of one actor; the first is said at once.</summary>
    public const int PerSecond = 200;

    // More than these are not kept waiting: each holds a connection.
    private const int MostWaiting = 1_000, MostActors = 10_000;

    /// <summary>Shorter than clients wait for any answer.</summary>
    public static readonly TimeSpan Latest = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1) / PerSecond;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Turns> turns = new(StringComparer.Ordinal);

    public async Task WaitAsync(string actor, CancellationToken ct)
    {
        if (Take(actor) is not { } turn)
        {
            return;
        }

        try
        {
            await Task.Delay(turn.Wait, time, ct);
        }
        finally
        {
            lock (gate)
            {
                turn.Of.Waiting--;
            }
        }
    }

    private (Turns Of, TimeSpan Wait)? Take(string actor)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (!turns.TryGetValue(actor, out var own))
            {
                Forget(now);
                turns[actor] = own = new Turns { Next = now };
            }

            var wait = own.Next - now;
            if (wait <= TimeSpan.Zero || wait > Latest * 2)
            {
                // Long ago, or a clock that was set back.
                own.Next = now + Step;
                return null;
            }

            if (wait < Latest)
            {
                own.Next += Step;
            }

            if (own.Waiting == MostWaiting)
            {
                return null;
            }

            own.Waiting++;
            return (own, wait);
        }
    }

    private void Forget(DateTimeOffset now)
    {
        if (turns.Count < MostActors)
        {
            return;
        }

        foreach (var (actor, _) in turns.Where(entry => entry.Value.Waiting == 0 && entry.Value.Next <= now).ToArray())
        {
            turns.Remove(actor);
        }
    }

    private sealed class Turns
    {
        public DateTimeOffset Next { get; set; }

        public int Waiting { get; set; }
    }
}
