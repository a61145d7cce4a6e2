using McpGovern.Policy;

namespace McpGovern.Core.Tests.Policy;

public sealed class PinGateTests
{
    [Theory]
    [InlineData(Verdict.Allow, PinEffect.Off, Verdict.Allow)]
    [InlineData(Verdict.Allow, PinEffect.Approve, Verdict.RequireApproval)]
    [InlineData(Verdict.Allow, PinEffect.Withdraw, Verdict.Deny)]
    [InlineData(Verdict.RequireApproval, PinEffect.Off, Verdict.RequireApproval)]
    [InlineData(Verdict.RequireApproval, PinEffect.Approve, Verdict.RequireApproval)]
    [InlineData(Verdict.RequireApproval, PinEffect.Withdraw, Verdict.Deny)]
    [InlineData(Verdict.Deny, PinEffect.Off, Verdict.Deny)]
    [InlineData(Verdict.Deny, PinEffect.Approve, Verdict.Deny)]
    [InlineData(Verdict.Deny, PinEffect.Withdraw, Verdict.Deny)]
    public void Apply_ToADecision_OnlyTightens(Verdict given, PinEffect effect, Verdict expected)
    {
        var terms = given == Verdict.RequireApproval ? ApprovalTerms.Default with { Quorum = 2 } : null;
        var decision = new Decision(given, "a rule", "policy.yaml:1", null, "digest", terms, false);

        var applied = PinGate.Apply(decision, effect, "widened");

        Assert.Equal(expected, applied.Verdict);
        Assert.Equal(expected == given, applied.RuleDigest == decision.RuleDigest);
        Assert.Equal(expected == Verdict.RequireApproval && effect == PinEffect.Approve, applied.Terms?.NoGrants == true);
        Assert.Equal(terms is null || expected == Verdict.Deny ? null : 2, applied.Terms?.Quorum == 1 ? null : applied.Terms?.Quorum);
        // The same change looked at again, or seen to be of more kinds, is the same rule.
        Assert.Equal(applied.RuleDigest, PinGate.Apply(decision, effect, "instructions").RuleDigest);
    }
}
