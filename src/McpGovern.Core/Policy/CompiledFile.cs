using System.Text.Json;

namespace McpGovern.Policy;

/// <summary>One file's say on a call: everything of it that matches, or its default.</summary>
internal sealed class CompiledFile(PolicyFile file)
{
    private readonly RuleIndex lists = new(file.Lists);
    private readonly RuleIndex rules = new(file.Rules);

    public IReadOnlyList<RuleMatch> Voices(PolicyCall call, JsonElement arguments)
    {
        var voices = lists.Matching(call.Server, call.Tool, call.OnlyUpstream).Where(m => Applies(m.Rule, arguments)).ToList();
        foreach (var match in rules.Matching(call.Server, call.Tool, call.OnlyUpstream))
        {
            if (!Applies(match.Rule, arguments))
                continue;
            voices.Add(match);
            break;
        }
        return voices.Count > 0 ? voices : [new(file.Default, null)];
    }

    /// <summary>Every rule that may speak of the tool, whatever its arguments, and the default.</summary>
    public IReadOnlyList<RuleMatch> RulesOf(string server, string tool, bool onlyUpstream) =>
        [.. lists.Matching(server, tool, onlyUpstream), .. rules.Matching(server, tool, onlyUpstream), new(file.Default, null)];

    /// <summary>Whether some arguments could get past this file; true where that would take more than a look to know.</summary>
    public bool MayRequest(string server, string tool, bool onlyUpstream)
    {
        var listed = lists.Matching(server, tool, onlyUpstream);
        if (listed.Any(m => m.Rule is { Verdict: Verdict.Deny, When.IsAlways: true }))
            return false;
        foreach (var (rule, _) in rules.Matching(server, tool, onlyUpstream))
        {
            if (rule.Verdict != Verdict.Deny)
                return true;
            // Whatever comes here is denied, and so is what an earlier conditional rule took.
            if (rule.When.IsAlways)
                return false;
        }
        return file.Default.Verdict != Verdict.Deny || listed.Any(m => m.Rule.Verdict != Verdict.Deny);
    }

    private static bool Applies(PolicyRule rule, JsonElement arguments) => rule.When.Holds(arguments) switch
    {
        Truth.Yes => true,
        Truth.Unknown => rule.Verdict != Verdict.Allow,
        _ => false,
    };
}
