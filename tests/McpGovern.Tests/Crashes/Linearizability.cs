namespace McpGovern.Tests.Crashes;

/// <summary>An operation as its caller saw it.</summary>
/// <param name="What">What was asked, and what was answered.</param>
/// <param name="Called">On one clock for all callers.</param>
/// <param name="Returned"><see cref="NoAnswer"/> where none came: it may have happened at any time since, or never.</param>
internal sealed record Operation<T>(T What, long Called, long Returned)
{
    public const long NoAnswer = long.MaxValue;
}

/// <summary>
/// Whether a history of overlapping operations on one thing can be told as if each had happened at one instant between its call and its
/// return (Wing and Gong's search, with Lowe's memory of what was tried).
/// </summary>
internal static class Linearizability
{
    public const int MostOperations = 62;

    /// <param name="apply">The states that the operation, answered as it was, may lead to; none where that answer is impossible.</param>
    public static bool Holds<TState, T>(IReadOnlyList<Operation<T>> history, TState start, Func<TState, Operation<T>, IEnumerable<TState>> apply)
    {
        if (history.Count > MostOperations)
        {
            throw new ArgumentException($"at most {MostOperations} operations, and there are {history.Count}", nameof(history));
        }

        var mustHappen = Mask(history, operation => operation.Returned != Operation<T>.NoAnswer);
        var tried = new HashSet<(ulong, TState)>();
        var open = new Stack<(ulong Done, TState State)>([(0, start)]);
        while (open.TryPop(out var at))
        {
            if ((at.Done & mustHappen) == mustHappen)
            {
                return true;
            }

            if (!tried.Add(at))
            {
                continue;
            }

            // Whatever returned before another was called comes first.
            var firstReturn = history.Where((_, i) => (at.Done & Bit(i)) == 0).Min(operation => operation.Returned);
            for (var i = 0; i < history.Count; i++)
            {
                if ((at.Done & Bit(i)) == 0 && history[i].Called <= firstReturn)
                {
                    foreach (var next in apply(at.State, history[i]))
                    {
                        open.Push((at.Done | Bit(i), next));
                    }
                }
            }
        }

        return false;
    }

    private static ulong Bit(int i) => 1UL << i;

    private static ulong Mask<T>(IReadOnlyList<Operation<T>> history, Func<Operation<T>, bool> isIn) =>
        history.Select((operation, i) => isIn(operation) ? Bit(i) : 0).Aggregate(0UL, (all, bit) => all | bit);
}
