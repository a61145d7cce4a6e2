using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>Finds rules that can never decide anything.</summary>
internal static class PolicyWarnings
{
    // Each later rule is held against the earlier ones; beyond this a file is generated, and nobody reads its warnings.
    private const int MostRules = 1000;

    public static void Add(PolicyFile file, Faults faults)
    {
        if (file.Lists.Count + file.Rules.Count > MostRules)
            return;
        for (var i = 0; i < file.Lists.Count; i++)
            Report(file.Lists[i], file.Lists.Where((other, at) => IsStronger(other, at, file.Lists[i], i)), faults);
        for (var i = 0; i < file.Rules.Count; i++)
            Report(file.Rules[i], file.Rules.Take(i), faults);
    }

    private static bool IsStronger(PolicyRule other, int at, PolicyRule rule, int index) =>
        other.Verdict > rule.Verdict || (at < index && other.Verdict == rule.Verdict);

    private static void Report(PolicyRule rule, IEnumerable<PolicyRule> stronger, Faults faults)
    {
        var over = stronger.Where(s => s.When.IsAlways).ToArray();
        foreach (var pattern in rule.Patterns)
        {
            if (over.FirstOrDefault(o => o.Patterns.Any(p => Covers(p, pattern, o.IgnoresCase))) is not { } first
                || KeepsItsTerms(rule, first))
                continue;
            faults.Warn(
                LineOf(rule), $"{rule.List}: '{pattern}' never decides, because {first.List} in line {LineOf(first)} does already",
                "leave it out, or change one");
        }
    }

    /// <summary>A second gate over the same tools may still add approvers or a quorum.</summary>
    private static bool KeepsItsTerms(PolicyRule rule, PolicyRule first) =>
        rule.List != "rules" && rule.Verdict == Verdict.RequireApproval && first.Verdict == rule.Verdict
            && !rule.Terms!.Equals(first.Terms);

    /// <summary>Sound, not complete: a pattern without <c>?</c> that matches another's spelling matches all that the other does.</summary>
    private static bool Covers(string wide, string narrow, bool ignoreCase) =>
        wide == narrow || (PolicyName.KindOf(wide) == PolicyName.KindOf(narrow)
            && !wide.Contains('?', StringComparison.Ordinal) && Glob.IsMatch(wide, narrow, ignoreCase));

    private static int LineOf(PolicyRule rule) =>
        int.TryParse(rule.Source.AsSpan(rule.Source.LastIndexOf(':') + 1), out var line) ? line : 0;
}
