using System.Text.Json;

namespace McpGovern.Policy;

/// <summary>All policy files in force, swapped as a whole; the strictest of them decides.</summary>
public sealed class PolicySet
{
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 1024 };
    private readonly CompiledFile[] compiled;
    private readonly ToolRule[] tools;

    private PolicySet(IReadOnlyList<PolicyFile> files)
    {
        Files = files;
        compiled = [.. files.Select(f => new CompiledFile(f))];
        tools = [.. files.SelectMany(f => f.Tools)];
        Digest = Canonical.Digest(Canonical.Of([.. files.Select(f => f.CanonicalText)]));
        Explain = files.Any(f => f.Explain == true) && files.All(f => f.Explain != false);
    }

    public IReadOnlyList<PolicyFile> Files { get; }

    /// <summary>Lowercase hex SHA-256 over what the files mean; places and comments do not count.</summary>
    public string Digest { get; }

    /// <summary>A denial tells the agent its rule.</summary>
    public bool Explain { get; }

    /// <summary>A set of no files denies every call.</summary>
    public static PolicySet Create(IReadOnlyList<PolicyFile> files) => new([.. files]);

    /// <summary>Pure; whatever goes wrong is a denial that says so.</summary>
    public Decision Evaluate(PolicyCall call)
    {
        if (!ToolName.IsComparable(call.Tool) || !ToolName.IsComparable(call.GovernedName))
            return Decision.Fault("the tool's name has characters that policy does not compare");
        if (compiled.Length == 0)
            return Decision.Fault("there is no policy");
        try
        {
            using var arguments = JsonDocument.Parse(call.ArgumentsJson, Reading);
            return arguments.RootElement.ValueKind == JsonValueKind.Object
                ? Decide(call, arguments.RootElement)
                : Decision.Fault("the arguments are not a JSON object");
        }
        // Unknown means closed: no kind of fault in here may let a call through.
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return Decision.Fault(fault is JsonException or ArgumentException
                ? "the arguments cannot be read" : $"the policy could not be evaluated ({fault.GetType().Name})");
        }
    }

    public ToolTraits TraitsOf(string server, string tool, bool onlyUpstream)
    {
        // What loosens is matched narrowly, what tightens widely.
        var narrow = tools.Where(r => Fits(r, permits: true, bare: onlyUpstream)).ToArray();
        var wide = tools.Where(r => Fits(r, permits: false, bare: true)).ToArray();
        return new(
            narrow.Any(r => r.Idempotent == true) && wide.All(r => r.Idempotent != false),
            wide.FirstOrDefault(r => r.Effect is not null)?.Effect,
            wide.Any(r => r.SameSession == true),
            wide.FirstOrDefault(r => r.Audit == "each")?.Audit ?? narrow.FirstOrDefault(r => r.Audit is not null)?.Audit);

        bool Fits(ToolRule rule, bool permits, bool bare) =>
            PolicyName.Fits(rule.Pattern, ToolName.Governed(server, tool), !permits, permits)
                || (bare && PolicyName.Fits(rule.Pattern, tool, !permits, permits));
    }

    /// <summary>False only when every possible call of the tool would be denied.</summary>
    public bool MayRequest(string server, string tool, bool onlyUpstream) =>
        compiled.Length > 0
        && ToolName.IsComparable(tool) && ToolName.IsComparable(ToolName.Governed(server, tool))
        && compiled.All(f => f.MayRequest(server, tool, onlyUpstream));

    /// <summary>What is said of a tool whatever its arguments.</summary>
    public ToolGate GateOf(string server, string tool, bool onlyUpstream)
    {
        var rules = compiled.Select(f => f.RulesOf(server, tool, onlyUpstream)).ToArray();
        return new(
            Canonical.Digest(Canonical.Of(
            [
                .. rules.Select(file => Canonical.Of([.. file.Select(m => m.Rule.CanonicalText(m.Pattern))])),
                TraitsOf(server, tool, onlyUpstream).CanonicalText,
            ])),
            [.. rules.SelectMany(file => file).Where(m => m.Rule.Verdict == Verdict.RequireApproval).Select(m => m.Rule.Terms ?? ApprovalTerms.Default)]);
    }

    private Decision Decide(PolicyCall call, JsonElement arguments)
    {
        var voices = compiled.SelectMany(f => f.Voices(call, arguments)).ToArray();
        var verdict = voices.Max(v => v.Rule.Verdict);
        var deciding = voices.Where(v => v.Rule.Verdict == verdict).ToArray();
        var first = deciding[0];
        var digest = Canonical.Digest(Canonical.Of(
        [
            .. deciding.Select(v => v.Rule.CanonicalText(v.Pattern)), TraitsOf(call.Server, call.Tool, call.OnlyUpstream).CanonicalText,
        ]));
        return new(
            verdict, first.Rule.Describe(first.Pattern), first.Rule.Source, first.Rule.Reason, digest,
            verdict == Verdict.RequireApproval
                ? ApprovalTerms.Strictest([.. deciding.Select(v => v.Rule.Terms ?? ApprovalTerms.Default)])
                : null,
            voices.Any(v => v.Rule.Audited));
    }
}
