namespace McpGovern.Policy;

/// <summary>One policy file as it was read: immutable, checked, and with the place of every rule.</summary>
public sealed record PolicyFile(
    string Name, PolicyRule Default, IReadOnlyList<PolicyRule> Lists, IReadOnlyList<PolicyRule> Rules,
    IReadOnlyList<ToolRule> Tools, IReadOnlyList<PolicyTest> Tests, bool? Explain)
{
    internal string CanonicalText => Canonical.Of(
    [
        Default.CanonicalText(null),
        "lists", .. Lists.Select(r => r.CanonicalText(null)),
        "rules", .. Rules.Select(r => r.CanonicalText(null)),
        "tools", .. Tools.Select(t => t.CanonicalText),
        "explain", Explain?.ToString(),
    ]);
}

/// <summary>An entry of one of the lists, of <c>rules</c>, or the default.</summary>
/// <param name="List">The key that it stands under, as it is spelled in the file.</param>
/// <param name="Patterns">Globs over tool names; the rule matches when one of them does. None for the default.</param>
/// <param name="Verdict">What it says.</param>
/// <param name="When">What it asks of the arguments.</param>
/// <param name="Terms">How to approve; not null exactly when it requires approval.</param>
/// <param name="Source">File and line.</param>
/// <param name="Reason">What the agent or the approver is told.</param>
/// <param name="Audited">The action is <c>audit</c>.</param>
public sealed record PolicyRule(
    string List, IReadOnlyList<string> Patterns, Verdict Verdict, When When, ApprovalTerms? Terms, string Source,
    string? Reason = null, bool Audited = false)
{
    /// <summary>Gates are wide, permissions are narrow; JamJet's list compares as JamJet does.</summary>
    public bool IgnoresCase => List != "rules" && Verdict != Verdict.Allow;

    internal bool MatchesBareName(bool onlyUpstream) => Verdict != Verdict.Allow || onlyUpstream;

    /// <summary>The rule with one of its patterns, or with all of them; never with its place.</summary>
    internal string CanonicalText(string? pattern) => Canonical.Of(
    [
        List == "blocked_tools" ? "deny" : List, Verdict.Word(), When.CanonicalText, Terms?.CanonicalText, Audited ? "audit" : null,
        .. pattern is null ? Patterns : [pattern],
    ]);

    internal string Describe(string? pattern) => $"{List}: {pattern ?? Verdict.Word()}";
}

/// <summary>The operator's word about tools; null means that this entry does not say.</summary>
/// <param name="Pattern">A glob over tool names.</param>
/// <param name="Audit"><c>batched</c> or <c>each</c>.</param>
public sealed record ToolRule(string Pattern, bool? Idempotent, string? Effect, bool? SameSession, string? Audit, string Source)
{
    internal string CanonicalText => Canonical.Of(Pattern, Idempotent?.ToString(), Effect, SameSession?.ToString(), Audit);
}

/// <summary>What the operator declares of one tool; upstream hints never count.</summary>
public sealed record ToolTraits(bool Idempotent, string? Effect, bool SameSession, string? Audit)
{
    internal string CanonicalText => Canonical.Of(Idempotent ? "idempotent" : null, Effect, SameSession ? "same_session" : null);
}

/// <summary>A case that a policy has to decide as written.</summary>
public sealed record PolicyTest(string Call, string ArgumentsJson, Verdict Expect, string Source);
