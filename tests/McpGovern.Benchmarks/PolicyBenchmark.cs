using System.Globalization;
using System.Text.RegularExpressions;
using McpGovern.Policy;

namespace McpGovern.Benchmarks;

/// <summary>A verdict among many rules, beside the loop over regular expressions that anybody would write first.</summary>
internal static class PolicyBenchmark
{
    private const int Operations = 2000;

    public static int Run()
    {
        Console.WriteLine("| rules | McpGovern, µs per verdict | regex loop, µs | ratio |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var rules in (int[])[1, 100, 1000, 10_000])
        {
            var patterns = Enumerable.Range(0, rules).Select(i => $"server{i}.tool_{i}_*").ToArray();
            var set = PolicySet.Create([FileOf(patterns)]);
            var loop = patterns.Select(p => new Regex("^" + Regex.Escape(p).Replace(@"\*", ".*", StringComparison.Ordinal) + "$", RegexOptions.IgnoreCase)).ToArray();
            var call = new PolicyCall($"server{rules - 1}", $"tool_{rules - 1}_x", """{"amount":5}""", false);
            var (ours, theirs, ratio) = Interleaved.RunAsync(Operations,
                n => Repeat(n, () => set.Evaluate(call)), n => Repeat(n, () => Array.Exists(loop, regex => regex.IsMatch(call.GovernedName)))).Result;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {rules} | {ours:0.0} | {theirs:0.0} | {ratio:0.00} |"));
        }

        return 0;
    }

    private static PolicyFile FileOf(string[] patterns) => new(
        "bench.yaml",
        new PolicyRule("default", [], Verdict.Deny, When.Always, null, "bench.yaml:1"),
        [new PolicyRule("require_approval_for", patterns, Verdict.RequireApproval, When.Always, ApprovalTerms.Default, "bench.yaml:2")],
        [], [], [], null);

    private static Task Repeat(int times, Func<object> work)
    {
        for (var i = 0; i < times; i++)
        {
            _ = work();
        }

        return Task.CompletedTask;
    }
}
