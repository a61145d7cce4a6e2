namespace McpGovern.Policy;

/// <summary>What becomes of the calls of a tool whose definition is not the one that was pinned.</summary>
public enum PinEffect { Off, Approve, Withdraw }

/// <summary>Tightens a decision for a changed tool; it never loosens one.</summary>
public static class PinGate
{
    /// <summary>How the decision's rule begins that a change of definition made.</summary>
    public const string Rule = "pin";

    /// <param name="change">The kinds of change, for the reason.</param>
    public static Decision Apply(Decision decision, PinEffect effect, string change)
    {
        ArgumentNullException.ThrowIfNull(decision);
        var reason = $"the tool's definition is not the one that was pinned ({change}); an operator can pin it again";
        return (effect, decision.Verdict) switch
        {
            (PinEffect.Off, _) or (_, Verdict.Deny) => decision,
            (PinEffect.Withdraw, _) => Tightened(Verdict.Deny, null),
            // A person decides it as it is, by the rule's own terms; a standing word for the tool that it was does not count.
            (_, Verdict.RequireApproval) => decision with { Terms = decision.Terms! with { NoGrants = true } },
            _ => Tightened(Verdict.RequireApproval, ApprovalTerms.Default with { NoGrants = true }),
        };

        // Without the kinds: another look at the same change must not make it another rule.
        Decision Tightened(Verdict verdict, ApprovalTerms? terms) => new(
            verdict, $"{Rule}: definition changed", "", reason, Canonical.Digest(Canonical.Of(Rule, verdict.Word(), decision.RuleDigest)), terms, decision.Audited);
    }
}
