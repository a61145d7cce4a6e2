using McpGovern.Policy;
using static McpGovern.Tests.Policy.Given;

namespace McpGovern.Tests.Policy;

public sealed class PolicySetTests
{
    private static readonly When Large = Argument("amount", "gt", "500");

    public static TheoryData<PolicyRule[], string, string, Verdict> Verdicts => new()
    {
        { [], "a.b", "{}", Verdict.Deny },
        { [Allow("a.*")], "a.b", "{}", Verdict.Allow },
        { [Allow("a.*")], "A.b", "{}", Verdict.Deny },
        { [Allow("*"), Deny("*.delete_*")], "a.DELETE_x", "{}", Verdict.Deny },
        { [Allow("*"), Gate("payments.*")], "payments.submit", "{}", Verdict.RequireApproval },
        { [Allow("*"), Gate("submit")], "payments.submit", "{}", Verdict.RequireApproval },
        { [Allow("*"), Deny("*"), Gate("*")], "a.b", "{}", Verdict.Deny },
        { [Allow("search")], "github.search", "{}", Verdict.Deny },
        { [Allow("search")], "search", "{}", Verdict.Allow },
        { [Portable("a.*", Verdict.Allow), Portable("*", Verdict.Deny)], "a.b", "{}", Verdict.Allow },
        { [Portable("a.*", Verdict.Allow), Portable("*", Verdict.Deny)], "c.b", "{}", Verdict.Deny },
        { [Portable("a.*", Verdict.Allow), Gate("a.b")], "a.b", "{}", Verdict.RequireApproval },
        { [Portable("a.*", Verdict.Deny), Allow("a.b")], "a.b", "{}", Verdict.Deny },
        { [Portable("A.*", Verdict.Deny), Allow("a.b")], "a.b", "{}", Verdict.Allow },
        { [Allow("*"), Gate("pay", Large)], "x.pay", """{"amount":900}""", Verdict.RequireApproval },
        { [Allow("*"), Gate("pay", Large)], "x.pay", """{"amount":5}""", Verdict.Allow },
        { [Allow("*"), Gate("pay", Large)], "x.pay", "{}", Verdict.RequireApproval },
        { [Allow("*"), Deny("pay", Large)], "x.pay", """{"amount":"5"}""", Verdict.Deny },
        { [Allow("*.pay", Large)], "x.pay", """{"amount":"900"}""", Verdict.Deny },
        { [Allow("*.pay", Large)], "x.pay", """{"amount":900}""", Verdict.Allow },
        { [Portable("*", Verdict.Allow, Large), Portable("*", Verdict.RequireApproval)], "x.pay", "{}", Verdict.RequireApproval },
        { [Allow("*")], "a.b", "", Verdict.Deny },
        { [Allow("*")], "a.b", "[]", Verdict.Deny },
        { [Allow("*")], "a.b", """{"a":1""", Verdict.Deny },
        { [Allow("*")], "a.b\n", "{}", Verdict.Deny },
        { [Allow("*")], "a.ｂ", "{}", Verdict.Deny },
        { [Allow("*")], "a.", "{}", Verdict.Allow },
        { [Allow("*")], "", "{}", Verdict.Deny },
    };

    [Theory, MemberData(nameof(Verdicts))]
    public void Evaluate_WithRules_TakesTheStrictest(PolicyRule[] rules, string tool, string arguments, Verdict expected) =>
        Assert.Equal(expected, PolicyOf(rules).Evaluate(Call(tool, arguments)).Verdict);

    [Fact]
    public void Evaluate_WithOneUpstream_AllowsABareName()
    {
        var call = Call("github.search");
        Assert.Equal(Verdict.Allow, PolicyOf(Allow("search")).Evaluate(call with { OnlyUpstream = true }).Verdict);
    }

    [Fact]
    public void Evaluate_OverSeveralFiles_OnlyTightens()
    {
        var open = File(Verdict.Allow);
        var shut = File(Verdict.Deny, Gate("a.*"));
        Assert.Equal(Verdict.RequireApproval, PolicySet.Create([open, shut]).Evaluate(Call("a.b")).Verdict);
        Assert.Equal(Verdict.Deny, PolicySet.Create([shut, open]).Evaluate(Call("c.b")).Verdict);
        Assert.Equal(Verdict.Deny, PolicySet.Create([]).Evaluate(Call("a.b")).Verdict);
    }

    [Fact]
    public void Evaluate_WithADecision_NamesRuleSourceAndTerms()
    {
        var decision = PolicyOf(Allow("*"), Gate("payments.*") with { Source = "policies/payments.yaml:14", Reason = "money" })
            .Evaluate(Call("payments.submit"));
        Assert.Equal("require_approval_for: payments.*", decision.Rule);
        Assert.Equal("policies/payments.yaml:14", decision.Source);
        Assert.Equal("money", decision.Reason);
        Assert.Equal(ApprovalTerms.Default, decision.Terms);
        Assert.Equal("default: deny", PolicyOf().Evaluate(Call("a.b")).Rule);
    }

    [Fact]
    public void Evaluate_WithSeveralGates_MergesTheirTermsStrictly()
    {
        var first = Gate("*") with { Terms = ApprovalTerms.Default with { Deadline = null, ValidFor = null, SelfApproval = true } };
        var second = Gate("pay") with
        {
            Terms = new(["group:finance"], 2, true, false, TimeSpan.FromHours(24), TimeSpan.FromMinutes(15), "reject", true),
        };
        var third = Gate("x.*") with
        {
            Terms = ApprovalTerms.Default with { Approvers = ["bob"], Deadline = TimeSpan.FromDays(7), ValidFor = null, Comment = "always" },
        };

        var expected = second.Terms! with { Comment = "always" };
        Assert.Equal(expected, PolicyOf(first, second, third).Evaluate(Call("x.pay")).Terms);
        Assert.Null(PolicyOf(first).Evaluate(Call("x.pay")).Terms!.Deadline);
        Assert.Null(PolicyOf(first, first).Evaluate(Call("x.pay")).Terms!.ValidFor);
        Assert.Equal("require_approval_for: *", PolicyOf(first, second, third).Evaluate(Call("x.pay")).Rule);
    }

    [Fact]
    public void Evaluate_WithAnAuditRule_MarksTheDecision()
    {
        var audited = Portable("a.*", Verdict.Allow) with { Audited = true };
        Assert.True(PolicyOf(audited).Evaluate(Call("a.b")).Audited);
        Assert.False(PolicyOf(audited, Allow("*")).Evaluate(Call("c.b")).Audited);
    }

    [Theory]
    [InlineData("url", "url", "url")]
    [InlineData("form", "form", "form")]
    [InlineData("form", "url", "url")]
    [InlineData("form", "never", "never")]
    [InlineData("never", "url", "never")]
    public void Evaluate_WithTwoWaysToAsk_TakesTheStricter(string one, string other, string expected)
    {
        PolicyRule Asking(string pattern, string ask) => Gate(pattern) with { Terms = ApprovalTerms.Default with { Ask = ask } };
        Assert.Equal(expected, PolicyOf(Asking("pay", one), Asking("*", other)).Evaluate(Call("x.pay")).Terms!.Ask);
        Assert.Equal(expected, PolicyOf(Asking("pay", other), Asking("*", one)).Evaluate(Call("x.pay")).Terms!.Ask);
    }

    /// <summary>Calls that are parked when this version comes must not be invalidated by it: the digest is the one that they were parked under.</summary>
    [Fact]
    public void RuleDigest_WhereNothingIsSaidOfAsking_IsAsItEverWas() =>
        Assert.Equal("cb22c93c7f2c6695a44fdcb9afdc8a9e0c799aafdc4e5e9e4d680c4411445ba8", Digest(Gate("pay")));

    [Fact]
    public void RuleDigest_WithUnrelatedEdits_StaysTheSame()
    {
        var digest = Digest(Gate("pay"));
        Assert.Matches("^[0-9a-f]{64}$", digest);
        Assert.Equal(digest, Digest(Gate("pay") with { Source = "p.yaml:99", Reason = "other words" }));
        Assert.Equal(digest, Digest(Gate("pay") with { Patterns = ["other", "pay"] }));
        Assert.Equal(digest, Digest(Allow("*"), Gate("pay"), Gate("other"), Deny("*.delete")));
    }

    [Fact]
    public void RuleDigest_WithAnythingThatDecidesTheCall_Changes()
    {
        var gate = Gate("pay");
        string[] digests =
        [
            Digest(gate),
            Digest(gate with { Patterns = ["pa?"] }),
            Digest(gate with { When = Large }),
            Digest(gate with { When = Argument("amount", "gt", "501") }),
            Digest(gate with { Terms = ApprovalTerms.Default with { Quorum = 2 } }),
            Digest(gate with { Terms = ApprovalTerms.Default with { Approvers = ["alice"] } }),
            Digest(gate with { Terms = ApprovalTerms.Default with { Deadline = null } }),
            Digest(gate with { Terms = ApprovalTerms.Default with { ValidFor = null } }),
            Digest(gate with { Terms = ApprovalTerms.Default with { HumanRequired = true } }),
            Digest(gate with { Terms = ApprovalTerms.Default with { SelfApproval = true } }),
            Digest(gate with { Terms = ApprovalTerms.Default with { Ask = "never" } }),
            Digest(gate, Gate("*")),
            WithTools(new ToolRule("x.pay", true, null, null, null, "")),
            WithTools(new ToolRule("x.pay", null, "pay:{id}", null, null, "")),
            WithTools(new ToolRule("x.pay", null, null, true, null, "")),
        ];
        Assert.Equal(digests.Length, digests.Distinct().Count());
        Assert.Equal(digests[0], WithTools(new ToolRule("y.*", true, "e", true, null, "")));

        static string WithTools(ToolRule tool) =>
            PolicySet.Create([File(Verdict.Deny, Gate("pay")) with { Tools = [tool] }]).Evaluate(Call("x.pay")).RuleDigest;
    }

    [Fact]
    public void Digest_OfTheSet_FollowsMeaningNotPlace()
    {
        Assert.Equal(PolicyOf(Gate("pay")).Digest, PolicyOf(Gate("pay") with { Source = "q.yaml:3" }).Digest);
        Assert.NotEqual(PolicyOf(Gate("pay")).Digest, PolicyOf(Gate("pay"), Gate("other")).Digest);
    }

    [Fact]
    public void TraitsOf_WithSeveralEntries_LoosensNarrowlyAndTightensWidely()
    {
        var policy = PolicySet.Create(
        [
            File(Verdict.Allow) with
            {
                Tools =
                [
                    new("github.*", true, null, null, "batched", ""), new("github.put", false, null, null, null, ""),
                    new("Refund", null, "refund:{id}", true, null, ""), new("bare", true, null, null, null, ""),
                ],
            },
        ]);
        Assert.Equal(new(true, null, false, "batched"), policy.TraitsOf("github", "get", false));
        Assert.False(policy.TraitsOf("github", "put", false).Idempotent);
        Assert.False(policy.TraitsOf("GitHub", "get", false).Idempotent);
        Assert.Equal(new(false, "refund:{id}", true, null), policy.TraitsOf("billing", "refund", false));
        Assert.False(policy.TraitsOf("x", "bare", false).Idempotent);
        Assert.True(policy.TraitsOf("x", "bare", true).Idempotent);
    }

    [Theory]
    [InlineData(true, null, true)]
    [InlineData(true, false, false)]
    [InlineData(null, null, false)]
    public void Explain_OverSeveralFiles_IsOffWhereOneSaysSo(bool? first, bool? second, bool expected) => Assert.Equal(
        expected, PolicySet.Create([File(Verdict.Deny) with { Explain = first }, File(Verdict.Deny) with { Explain = second }]).Explain);

    private static string Digest(params PolicyRule[] rules) => PolicyOf(rules).Evaluate(Call("x.pay", """{"amount":900}""")).RuleDigest;
}
