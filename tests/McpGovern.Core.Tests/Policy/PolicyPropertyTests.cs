using McpGovern.Policy;
using static McpGovern.Tests.Policy.Given;

namespace McpGovern.Tests.Policy;

/// <summary>What holds for every policy, tried on generated ones with a fixed seed.</summary>
public sealed class PolicyPropertyTests
{
    private static readonly string[] Patterns = ["*", "a.*", "a.get", "A.GET", "get", "*.put", "b.?et", "b.*", "put"];
    private static readonly string[] Names = ["a.get", "a.put", "b.get", "b.put", "get"];
    private static readonly string[] Arguments = ["{}", """{"n":1}""", """{"n":9}""", """{"n":"9"}""", """{"n":null}"""];

    [Fact]
    public void MayRequest_WhenFalse_EveryCallIsDenied() => ForEachPolicy((policy, _) =>
    {
        foreach (var name in Names)
        {
            var call = Call(name);
            if (!policy.MayRequest(call.Server, call.Tool, call.OnlyUpstream))
                Assert.All(Arguments, json => Assert.Equal(Verdict.Deny, policy.Evaluate(Call(name, json)).Verdict));
        }
    });

    [Fact]
    public void Evaluate_WithOneMoreFile_IsNeverLooser() => ForEachPolicy((policy, random) =>
    {
        var more = PolicySet.Create([.. policy.Files, AnyFile(random)]);
        foreach (var (name, json) in Calls())
            Assert.True(more.Evaluate(Call(name, json)).Verdict >= policy.Evaluate(Call(name, json)).Verdict, $"{name} {json}");
    });

    [Fact]
    public void Evaluate_WithOneMoreGate_IsNeverLooserWhereAnythingIsNamed() => ForEachPolicy((policy, random) =>
    {
        var file = policy.Files[0];
        var more = PolicySet.Create([file with { Lists = [.. file.Lists, Deny(Patterns[random.Next(Patterns.Length)])] }]);
        foreach (var (name, json) in Calls())
            Assert.True(more.Evaluate(Call(name, json)).Verdict >= PolicySet.Create([file]).Evaluate(Call(name, json)).Verdict,
                $"{name} {json}");
    });

    [Fact]
    [Trait("attack", "S13")]
    public void Evaluate_WithAVariedName_IsNeverLooser()
    {
        var policy = PolicyOf(Allow("a.get"), Allow("a.put"), Gate("a.put"), Deny("*.delete"));
        string[] variations =
        [
            "\u0130", "\u212a", "ｅ", "е", "\u200d", "\u00a0", "%2e", "..", "/", "\0", "\n", ".", "e\u0301", " ", "\t", "\\", "A", "\ud83d",
        ];
        foreach (var name in new[] { "a.get", "a.put", "a.delete" })
        {
            var plain = policy.Evaluate(Call(name)).Verdict;
            foreach (var variation in variations)
            {
                for (var at = 0; at <= name.Length; at++)
                    Assert.True(policy.Evaluate(Call(name.Insert(at, variation))).Verdict >= plain, $"{name} with {variation} at {at}");
            }
            Assert.True(policy.Evaluate(Call(name.ToUpperInvariant())).Verdict >= plain);
        }
    }

    [Fact]
    public void RuleDigest_WhenTheVerdictDiffers_Differs() => ForEachPolicy((policy, _) =>
    {
        var seen = new Dictionary<string, Verdict>();
        foreach (var (name, json) in Calls())
        {
            var decision = policy.Evaluate(Call(name, json));
            seen.TryAdd(decision.RuleDigest, decision.Verdict);
            Assert.Equal(decision.Verdict, seen[decision.RuleDigest]);
        }
    });

    private static IEnumerable<(string Name, string Json)> Calls() => from name in Names from json in Arguments select (name, json);

    private static void ForEachPolicy(Action<PolicySet, Random> check)
    {
        var random = new Random(42);
        for (var i = 0; i < 300; i++)
            check(PolicySet.Create([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => AnyFile(random))]), random);
    }

    private static PolicyFile AnyFile(Random random) =>
        File((Verdict)random.Next(3), [.. Enumerable.Range(0, random.Next(5)).Select(_ => AnyRule(random))]);

    private static PolicyRule AnyRule(Random random)
    {
        var pattern = Patterns[random.Next(Patterns.Length)];
        var when = random.Next(2) == 0 ? When.Always : Argument("n", "gt", "5");
        return random.Next(4) switch
        {
            0 => Allow(pattern, when),
            1 => Deny(pattern, when),
            2 => Gate(pattern, when),
            _ => Portable(pattern, (Verdict)random.Next(3), when),
        };
    }
}
