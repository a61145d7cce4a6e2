using System.Collections.Concurrent;
using McpGovern.Torture.Grounds;

namespace McpGovern.Torture.Storms;

/// <summary>
/// The real gateway over HTTP is killed at every named fault point, or stumbles there and is killed later, while clients and people go on;
/// the upstream's ledger and what was acknowledged are held against the store before anything recovers.
/// </summary>
internal sealed class NamedFaultStorm(string engine, params string[] actions) : Storm
{
    private const int Lanes = 4, LivesPerGround = 13, HardestLook = 15;

    public override string Name => $"{string.Join(", ", actions)} at named points, {engine}";
    public override string Unit => actions is ["kill"] ? "kills" : "faults";

    // With the kills at SQLite's writes, and with those of all of PostgreSQL and of its backends, more than 1,000 on each.
    public override int Full => actions is not ["kill"] ? 100 : engine == "postgres" ? 800 : 400;
    public override IReadOnlyList<(string, int)> Controls => [.. HastyLives.All.Where(bug => actions.Contains(bug.Action)).Select(bug => (bug.Name, HardestLook))];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        if (bug is not null)
        {
            await ControlAsync(tally, count, bug);
            return;
        }

        var (plans, left, grounds) = (new ConcurrentQueue<FaultPlan>(), 4 * count, 0);
        var covered = new ConcurrentDictionary<string, int>();
        await Task.WhenAll(Enumerable.Range(0, Math.Min(Lanes, count)).Select(_ => Task.Run(async () =>
        {
            while (tally.Done < count && Interlocked.Decrement(ref left) > 0)
            {
                await using var ground = await Ground.CreateAsync(engine, prepare: false);
                var lives = new FaultLives(ground, tally);
                await LiveAsync(lives, new(FaultPlan.Migration, 1, actions[Interlocked.Increment(ref grounds) % actions.Length]));
                for (var n = 1; n < LivesPerGround && tally.Done < count && Interlocked.Decrement(ref left) > 0; n++)
                {
                    var plan = Next();
                    if (plan.IsRecovery)
                    {
                        // Somebody has to leave something to recover.
                        await LiveAsync(lives, new(FaultPlan.OutcomeOpen, 1, "kill"));
                    }

                    await LiveAsync(lives, plan);
                }

                await lives.SettleAsync();
            }
        })));
        tally.Note("points", covered.Count);
        if (count > FaultPlan.Points.Count && FaultPlan.Points.Except(covered.Keys).ToArray() is { Length: > 0 } missed)
        {
            tally.Violation($"points at which nothing was done: {string.Join(", ", missed)}");
        }

        async Task LiveAsync(FaultLives lives, FaultPlan plan)
        {
            if (await lives.LiveAsync(plan))
            {
                tally.Count();
                covered.AddOrUpdate(plan.Point, 1, (_, n) => n + 1);
            }
            else
            {
                tally.Note($"not reached: {plan}");
            }
        }

        FaultPlan Next()
        {
            lock (plans)
            {
                if (plans.IsEmpty)
                {
                    Array.ForEach(FaultPlan.Shuffled(actions, random), plans.Enqueue);
                }

                return plans.TryDequeue(out var next) ? next : throw new InvalidOperationException("no plan");
            }
        }
    }

    private async Task ControlAsync(Tally tally, int count, string name)
    {
        while (tally.Done < count && tally.Violations == 0)
        {
            var bug = HastyLives.All.Single(bug => bug.Name == name);
            await using var ground = await Ground.CreateAsync(engine, idempotent: bug.Idempotent);
            foreach (var wrong in await HastyLives.LookAsync(bug, ground))
            {
                tally.Violation(wrong);
            }

            tally.Count();
        }
    }
}
