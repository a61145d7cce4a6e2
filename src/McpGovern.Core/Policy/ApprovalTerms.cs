using System.Globalization;

namespace McpGovern.Policy;

/// <summary>How a call may be approved.</summary>
/// <param name="Approvers">Globs over actor ids and <c>group:</c> names; empty means anybody with the approver role.</param>
/// <param name="Quorum">How many distinct actors have to approve.</param>
/// <param name="HumanRequired">An agent's approval does not count.</param>
/// <param name="SelfApproval">The requester may decide too.</param>
/// <param name="Deadline">How long the call may be pending; null is <c>never</c>.</param>
/// <param name="ValidFor">How long an approval may wait for its dispatch; null is <c>never</c>.</param>
/// <param name="Comment">When a comment is required: <c>never</c>, <c>reject</c> or <c>always</c>.</param>
/// <param name="NoGrants">A standing grant does not cover the call.</param>
public sealed record ApprovalTerms(
    IReadOnlyList<string> Approvers, int Quorum, bool HumanRequired, bool SelfApproval,
    TimeSpan? Deadline, TimeSpan? ValidFor, string Comment, bool NoGrants)
{
    private static readonly string[] Comments = ["never", "reject", "always"], Asks = ["form", "url", "never"];

    /// <summary>
    /// Whether and how the caller's own client is asked: <c>url</c> shows the approval page's address, <c>form</c> lets the caller decide
    /// there and then, <c>never</c> leaves the client alone.
    /// </summary>
    public string Ask { get; init; } = "url";

    public static ApprovalTerms Default { get; } =
        new([], 1, false, false, TimeSpan.FromSeconds(300), TimeSpan.FromHours(1), "never", false);

    internal string CanonicalText => Canonical.Of(
    [
        .. Approvers, "quorum", Quorum.ToString(CultureInfo.InvariantCulture), Word(HumanRequired), Word(SelfApproval),
        Word(Deadline), Word(ValidFor), Comment, Word(NoGrants),
        // What a policy does not say must not change its digest.
        .. Ask == "url" ? Array.Empty<string?>() : ["ask", Ask],
    ]);

    /// <summary>The strictest of several rules' terms; approvers are those of the first rule that names any.</summary>
    internal static ApprovalTerms Strictest(IReadOnlyList<ApprovalTerms> all) => all.Count == 1 ? all[0] : new(
        all.FirstOrDefault(t => t.Approvers.Count > 0)?.Approvers ?? [],
        all.Max(t => t.Quorum),
        all.Any(t => t.HumanRequired),
        all.All(t => t.SelfApproval),
        all.Min(t => t.Deadline),
        all.Min(t => t.ValidFor),
        all.MaxBy(t => Array.IndexOf(Comments, t.Comment))!.Comment,
        all.Any(t => t.NoGrants))
    {
        Ask = all.MaxBy(t => Array.IndexOf(Asks, t.Ask))!.Ask,
    };

    public bool Equals(ApprovalTerms? other) => other is not null && CanonicalText == other.CanonicalText;
    public override int GetHashCode() => CanonicalText.GetHashCode(StringComparison.Ordinal);

    private static string Word(bool value) => value ? "yes" : "no";
    private static string? Word(TimeSpan? value) => value?.Ticks.ToString(CultureInfo.InvariantCulture);
}
