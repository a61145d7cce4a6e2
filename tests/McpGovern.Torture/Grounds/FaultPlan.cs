using McpGovern.Calls;
using McpGovern.Tests.Crashes;

namespace McpGovern.Torture.Grounds;

/// <summary>What is done to a process, and where.</summary>
internal sealed record FaultPlan(string Point, int Nth, string Action)
{
    public const string Migration = "migrate_between_versions", OutcomeOpen = "outcome_before_append";

    /// <summary>Those that a life comes past: the upstream of the storm makes no tasks.</summary>
    public static IReadOnlyList<string> Points { get; } = [.. FaultPoints.Names.Except(FaultStory.OfTasks)];

    public bool IsKill => Action == "kill";
    public bool IsReload => Point.StartsWith("reload", StringComparison.Ordinal);
    public bool IsDrain => Point.StartsWith("drain", StringComparison.Ordinal);
    public bool IsRecovery => Point.StartsWith("recover", StringComparison.Ordinal);

    public override string ToString() => $"{Point}:{Nth}:{Action}";

    /// <summary>Every point, with every action, as often as a life passes it, in an order by chance, the first passes first. A migration is the first life of every ground.</summary>
    public static FaultPlan[] Shuffled(IEnumerable<string> actions, Random random)
    {
        var all = actions.SelectMany(action => Points.Where(name => name != Migration)
            .SelectMany(name => Enumerable.Range(1, Passes(name)).Select(nth => new FaultPlan(name, nth, action)))).ToArray();
        random.Shuffle(all);
        // A short run comes past every point once.
        return [.. all.OrderBy(plan => plan.Nth > 1)];
    }

    private static int Passes(string point) => point.Split('_')[0] switch
    {
        "park" or "answer" or "decide" or "dispatch" or "outcome" => 3,
        "allow" or "cancel" or "expire" => 2,
        _ => 1,
    };
}
