namespace McpGovern.Policy;

/// <summary>The verdict on one call and where it comes from.</summary>
/// <param name="Verdict">What is to happen.</param>
/// <param name="Rule">The deciding rule as short readable text, such as <c>require_approval_for: payments.*</c>.</param>
/// <param name="Source">File and line of the rule; empty when no rule decided.</param>
/// <param name="Reason">The rule's own words, or what went wrong.</param>
/// <param name="RuleDigest">Lowercase hex SHA-256 over all that decides this call, and nothing else.</param>
/// <param name="Terms">How the call may be approved; only with <see cref="Verdict.RequireApproval"/>.</param>
/// <param name="Audited">A matching rule's action is <c>audit</c>.</param>
public sealed record Decision(
    Verdict Verdict, string Rule, string Source, string? Reason, string RuleDigest, ApprovalTerms? Terms, bool Audited)
{
    internal static Decision Fault(string reason) =>
        new(Verdict.Deny, "fault", "", reason, Canonical.Digest(Canonical.Of("fault", reason)), null, false);
}
