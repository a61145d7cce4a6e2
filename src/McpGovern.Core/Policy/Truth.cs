namespace McpGovern.Policy;

/// <summary>The answer of a condition; Unknown is a missing or mistyped argument: a gate applies, a permission does not.</summary>
public enum Truth { No, Yes, Unknown }

internal static class Truths
{
    public static Truth Of(bool value) => value ? Truth.Yes : Truth.No;

    /// <summary>Yes if any is; else Unknown if any is.</summary>
    public static Truth Any<T>(IEnumerable<T> items, Func<T, Truth> holds)
    {
        var answer = Truth.No;
        foreach (var item in items)
        {
            var one = holds(item);
            if (one == Truth.Yes)
                return Truth.Yes;
            if (one == Truth.Unknown)
                answer = Truth.Unknown;
        }
        return answer;
    }

    public static Truth Not(this Truth truth) => truth switch { Truth.Yes => Truth.No, Truth.No => Truth.Yes, _ => Truth.Unknown };
}
