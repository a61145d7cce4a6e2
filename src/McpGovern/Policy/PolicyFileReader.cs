using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>A policy that was read; there is no file as soon as there is one error.</summary>
internal sealed record PolicyReading(PolicyFile? File, IReadOnlyList<Diagnostic> Errors, IReadOnlyList<Diagnostic> Warnings);

/// <summary>Reads policy files: strict, and with all faults at once.</summary>
internal sealed class PolicyFileReader
{
    private static readonly string[] Keys =
        ["version", "default", "allow", "deny", "blocked_tools", "require_approval_for", "rules", "tools", "tests", "explain"];

    private readonly Faults faults;
    private readonly RuleReader rules;

    private PolicyFileReader(Faults faults) => (this.faults, rules) = (faults, new RuleReader(faults));

    /// <param name="path">Where the file is.</param>
    /// <param name="shownAs">What it is called in messages and in the record.</param>
    public static PolicyReading Read(string path, string shownAs)
    {
        var faults = new Faults(shownAs);
        return Finish(DocumentReader.ReadFile(path, faults), faults);
    }

    public static PolicyReading Read(ReadOnlySpan<byte> content, string shownAs)
    {
        var faults = new Faults(shownAs);
        return Finish(DocumentReader.Read(content, faults), faults);
    }

    /// <summary>A policy that stands inside another file.</summary>
    public static PolicyReading Read(Node node, string shownAs) => Finish(node, new Faults(shownAs));

    private static PolicyReading Finish(Node? root, Faults faults)
    {
        var file = root is null ? null : new PolicyFileReader(faults).ReadRoot(root);
        if (file is not null && faults.Errors.Count == 0)
            PolicyWarnings.Add(file, faults);
        return new(faults.Errors.Count == 0 ? file : null, faults.Errors, faults.Warnings);
    }

    private PolicyFile? ReadRoot(Node root)
    {
        if (root is not MapNode map)
        {
            faults.Error(root, $"a policy cannot be {root.Kind}", $"use the keys {Spelling.Choice(Keys)}");
            return null;
        }
        var fields = new Fields(map, faults, Keys);
        fields.Word("version", "1");
        return new(
            faults.File,
            ReadDefault(fields),
            [
                .. ReadList(fields, "allow", Verdict.Allow), .. ReadList(fields, "deny", Verdict.Deny),
                .. ReadList(fields, "blocked_tools", Verdict.Deny), .. ReadList(fields, "require_approval_for", Verdict.RequireApproval),
            ],
            [.. fields.List("rules", "write a list of rules").Select(rules.ReadPortable).OfType<PolicyRule>()],
            [.. (fields.Block("tools", "write a block of tool patterns")?.Members ?? []).Select(ReadTool)],
            PolicyTestReader.Read(fields.Node("tests"), faults),
            fields.Flag("explain"));
    }

    private PolicyRule ReadDefault(Fields fields)
    {
        var written = fields.Word("default", "allow", "deny", "require_approval");
        // An allow list means that the rest is not allowed; files without one work as they do elsewhere.
        var verdict = (written is null ? null : Verdicts.Parse(written)) ?? (fields.Node("allow") is null ? Verdict.Allow : Verdict.Deny);
        if (fields.Node("default") is null && verdict == Verdict.Allow)
            faults.Warn(fields.Line, "no default is written, so whatever nothing here names is allowed",
                "write 'default: deny', or 'default: allow' if that is meant");
        return new(
            "default", [], verdict, When.Always, verdict == Verdict.RequireApproval ? ApprovalTerms.Default : null,
            $"{faults.File}:{fields.LineOf("default")}");
    }

    private IEnumerable<PolicyRule> ReadList(Fields fields, string key, Verdict verdict) =>
        fields.List(key, "write a list, such as [\"payments.*\"]").Select(node => rules.ReadEntry(node, key, verdict)).OfType<PolicyRule>();

    private ToolRule ReadTool(Member member)
    {
        var within = faults.Within($"tools '{member.Key}'");
        var pattern = RuleReader.Pattern(new ScalarNode(member.Key, false, member.Line, 0), within) ?? "";
        if (member.Value is not MapNode map)
        {
            within.Error(member.Line, $"this is {member.Value.Kind}", "write a block such as { idempotent: true }");
            return new(pattern, null, null, null, null, "");
        }
        var fields = new Fields(map, within, "idempotent", "effect", "same_session", "audit");
        var effect = fields.Text("effect");
        if (effect is not null && !EffectTemplate.IsWellFormed(effect))
            within.Error(fields.LineOf("effect"), $"'effect' is '{effect}'",
                "write text with argument paths in braces, such as \"refund:{payment_id}\"");
        return new(
            pattern, fields.Flag("idempotent"), effect, fields.Flag("same_session"), fields.Word("audit", "batched", "each"),
            $"{faults.File}:{member.Line}");
    }
}
