using McpGovern.Policy;

namespace McpGovern.Tests.Policy;

/// <summary>Policies for tests, written as rules.</summary>
internal static class Given
{
    public static PolicySet PolicyOf(params PolicyRule[] rules) => PolicySet.Create([File(Verdict.Deny, rules)]);

    public static PolicyFile File(Verdict @default, params PolicyRule[] rules) => new(
        "p.yaml", new("default", [], @default, When.Always, TermsFor(@default), "p.yaml:1"),
        [.. rules.Where(r => r.List != "rules")], [.. rules.Where(r => r.List == "rules")], [], [], null);

    public static PolicyRule Allow(string pattern, When? when = null) => Rule("allow", Verdict.Allow, pattern, when);
    public static PolicyRule Deny(string pattern, When? when = null) => Rule("deny", Verdict.Deny, pattern, when);
    public static PolicyRule Gate(string pattern, When? when = null) =>
        Rule("require_approval_for", Verdict.RequireApproval, pattern, when);
    public static PolicyRule Portable(string pattern, Verdict verdict, When? when = null) => Rule("rules", verdict, pattern, when);

    public static When Argument(string path, string word, params string[] operands) =>
        new([new(ArgumentPath.Parse(path)!, [Condition(word, operands)])]);

    public static Condition Condition(string word, params string[] operands) =>
        Conditions.Create(word, [.. operands.Select(Scalar.FromPlain)], operands.Length > 1) is { Condition: { } condition }
            ? condition
            : throw new ArgumentException($"{word} {string.Join(' ', operands)} is no condition");

    public static PolicyCall Call(string name, string arguments = "{}") => PolicyCall.Named(name, arguments, onlyUpstream: false);

    private static PolicyRule Rule(string list, Verdict verdict, string pattern, When? when) =>
        new(list, [pattern], verdict, when ?? When.Always, TermsFor(verdict), "p.yaml:2");

    private static ApprovalTerms? TermsFor(Verdict verdict) => verdict == Verdict.RequireApproval ? ApprovalTerms.Default : null;
}
