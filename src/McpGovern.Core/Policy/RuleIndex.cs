using System.Collections.Concurrent;

namespace McpGovern.Policy;

/// <summary>A rule whose pattern fits the tool, and that pattern.</summary>
internal readonly record struct RuleMatch(PolicyRule Rule, string? Pattern);

/// <summary>A list of rules, ready to be asked for a tool: names without wildcards are looked up, patterns are tried in turn.</summary>
internal sealed class RuleIndex
{
    // Tools are few and asked for again and again; a stream of invented names must not grow this without end.
    private const int MostRemembered = 4096;

    private readonly ConcurrentDictionary<(string Server, string Tool, bool OnlyUpstream), IReadOnlyList<RuleMatch>> remembered = new();
    private readonly IReadOnlyList<PolicyRule> rules;
    private readonly Dictionary<string, List<(int Rule, string Pattern)>> exact = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(int Rule, string Pattern)> globs = [];

    public RuleIndex(IReadOnlyList<PolicyRule> rules)
    {
        this.rules = rules;
        for (var i = 0; i < rules.Count; i++)
        {
            foreach (var pattern in rules[i].Patterns)
            {
                // One resource has several spellings, so that none can be looked up.
                if (Glob.HasWildcard(pattern) || PolicyName.KindOf(pattern) == PolicyName.Resource)
                    globs.Add((i, pattern));
                else if (exact.TryGetValue(pattern, out var same))
                    same.Add((i, pattern));
                else
                    exact[pattern] = [(i, pattern)];
            }
        }
    }

    /// <summary>The rules that fit, in the order of the file, each once.</summary>
    public IReadOnlyList<RuleMatch> Matching(string server, string tool, bool onlyUpstream)
    {
        var key = (server, tool, onlyUpstream);
        if (remembered.TryGetValue(key, out var known))
            return known;
        var found = Find(server, tool, onlyUpstream);
        if (remembered.Count < MostRemembered)
            remembered.TryAdd(key, found);
        return found;
    }

    private IReadOnlyList<RuleMatch> Find(string server, string tool, bool onlyUpstream)
    {
        var governed = ToolName.Governed(server, tool);
        var found = new SortedDictionary<int, string>();
        Try(exact.GetValueOrDefault(governed));
        Try(exact.GetValueOrDefault(tool));
        Try(globs);
        return [.. found.Select(f => new RuleMatch(rules[f.Key], f.Value))];

        void Try(List<(int Rule, string Pattern)>? candidates)
        {
            foreach (var (index, pattern) in candidates ?? [])
            {
                var rule = rules[index];
                var permits = rule.Verdict == Verdict.Allow;
                if (PolicyName.Fits(pattern, governed, rule.IgnoresCase, permits)
                    || (rule.MatchesBareName(onlyUpstream) && PolicyName.Fits(pattern, tool, rule.IgnoresCase, permits)))
                    found.TryAdd(index, pattern);
            }
        }
    }
}
