namespace McpGovern.Tests.Model;

/// <summary>One step from a state.</summary>
/// <param name="Works">Taken by the system itself: no person is needed for it, and nothing breaks in it.</param>
internal readonly record struct Step<T>(string Label, bool Works, T To);

/// <summary>What an exploration found.</summary>
/// <param name="IsComplete">Every state that can be reached was seen.</param>
/// <param name="Violation">The first state that must not be, or must not be stuck.</param>
/// <param name="Trace">The steps to it: a shortest way.</param>
internal sealed record Exploration(int States, int Steps, bool IsComplete, string? Violation, IReadOnlyList<string> Trace);

/// <summary>Visits every state that can be reached, breadth first.</summary>
internal sealed class Explorer<T>(Func<T, IEnumerable<Step<T>>> steps, Func<T, string?> fault) where T : notnull
{
    private readonly List<(T State, int From, string Label)> seen = [];
    private readonly Dictionary<T, int> numbers = [];
    private readonly List<(int From, int To)> works = [];
    private int taken;

    /// <param name="mustSettle">Whether the system is able to do anything in the state.</param>
    /// <param name="isSettled">Whether there is nothing left for the system to do.</param>
    /// <param name="limit">An exploration that is cut short by it proves nothing, and says so.</param>
    public Exploration Run(T start, Func<T, bool> mustSettle, Func<T, bool> isSettled, int limit)
    {
        Visit(start, -1, "start");
        for (var next = 0; next < seen.Count; next++)
        {
            var state = seen[next].State;
            if (fault(state) is { } broken)
            {
                return Told(next, broken, isComplete: false);
            }

            foreach (var (label, isWork, to) in steps(state))
            {
                taken++;
                var number = Visit(to, next, label);
                if (isWork)
                {
                    works.Add((next, number));
                }
            }

            if (seen.Count > limit)
            {
                return Told(next, violation: null, isComplete: false);
            }
        }

        return FindStuck(mustSettle, isSettled) is { } stuck ? Told(stuck, "stuck", isComplete: true) : Told(0, violation: null, isComplete: true);
    }

    private int Visit(T state, int from, string label)
    {
        if (!numbers.TryGetValue(state, out var number))
        {
            number = seen.Count;
            numbers.Add(state, number);
            seen.Add((state, from, label));
        }

        return number;
    }

    // Backwards from the settled states, over the system's own steps: whatever is not met cannot settle by itself.
    private int? FindStuck(Func<T, bool> mustSettle, Func<T, bool> isSettled)
    {
        var before = works.ToLookup(work => work.To, work => work.From);
        var settles = new bool[seen.Count];
        var open = new Queue<int>();
        for (var i = 0; i < seen.Count; i++)
        {
            if (isSettled(seen[i].State))
            {
                settles[i] = true;
                open.Enqueue(i);
            }
        }

        while (open.TryDequeue(out var at))
        {
            foreach (var from in before[at].Where(from => !settles[from]))
            {
                settles[from] = true;
                open.Enqueue(from);
            }
        }

        var stuck = Array.FindIndex([.. seen.Select((s, i) => !settles[i] && mustSettle(s.State))], isStuck => isStuck);
        return stuck < 0 ? null : stuck;
    }

    private Exploration Told(int at, string? violation, bool isComplete)
    {
        var trace = new List<string>();
        for (var i = at; i > 0; i = seen[i].From)
        {
            trace.Add(seen[i].Label);
        }

        trace.Reverse();
        return new(seen.Count, taken, isComplete, violation, trace);
    }
}
