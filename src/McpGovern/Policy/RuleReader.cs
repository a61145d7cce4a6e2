using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>Reads the entries of the lists and of <c>rules</c>.</summary>
internal sealed class RuleReader(Faults faults)
{
    private static readonly string[] TermKeys =
        ["approvers", "quorum", "human_required", "self_approval", "deadline", "valid_for", "comment", "no_grants", "ask"];

    /// <summary>An entry of a list: a pattern, or a block with <c>tools</c>.</summary>
    public PolicyRule? ReadEntry(Node node, string list, Verdict verdict)
    {
        var terms = verdict == Verdict.RequireApproval ? ApprovalTerms.Default : null;
        if (node is not MapNode map)
        {
            var pattern = Pattern(node, faults.Within(list));
            return pattern is null ? null : new(list, [pattern], verdict, When.Always, terms, Source(node));
        }
        var within = faults.Within($"{list} {Name(map.Find("tools")?.Value)}".TrimEnd());
        var fields = new Fields(map, within, ["tools", "when", "reason", .. terms is null ? [] : TermKeys]);
        if (fields.Node("tools") is null)
            within.Error(map, "'tools' is missing", "write tools: [\"payments.*\"]");
        return new(
            list, Patterns(fields.Node("tools"), within), verdict, WhenReader.Read(fields.Node("when"), within),
            terms is null ? null : ReadTerms(fields, within, fields.Time("deadline", never: true)), Source(map), fields.Text("reason"));
    }

    /// <summary>JamJet's portable form, with <c>when</c> and the approval's terms as in the lists.</summary>
    public PolicyRule? ReadPortable(Node node)
    {
        if (node is not MapNode map)
        {
            faults.Error(node, $"a rule cannot be {node.Kind}", "write { match: \"payments.*\", action: require_approval }");
            return null;
        }
        var name = map.Find("name")?.Value ?? map.Find("match")?.Value;
        var within = faults.Within($"rule {Name(name)}".TrimEnd());
        var fields = new Fields(map, within, ["name", "match", "action", "approval_timeout", "when", "reason", .. TermKeys]);
        fields.Text("name");
        if (fields.Node("match") is null)
            within.Error(map, "'match' is missing", "write match: \"payments.*\"");
        var action = Action(fields, within, map);
        // An unknown action is a fault, so that the file is not used; what stands here then does not matter, and is closed.
        var verdict = action switch
        {
            "allow" or "audit" => Verdict.Allow,
            "require_approval" => Verdict.RequireApproval,
            _ => Verdict.Deny,
        };
        return new(
            "rules", fields.Node("match") is { } match && Pattern(match, within) is { } pattern ? [pattern] : [], verdict,
            WhenReader.Read(fields.Node("when"), within), PortableTerms(fields, within, action, map), Source(map), fields.Text("reason"),
            Audited: action == "audit");
    }

    /// <summary>Null, and a fault, when it is not a pattern that can match something.</summary>
    public static string? Pattern(Node node, Faults faults)
    {
        const string Cure = "write a pattern such as \"payments.*\"";
        if (node is not ScalarNode { IsNull: false } scalar)
            faults.Error(node, $"a pattern cannot be {node.Kind}", Cure);
        else if (scalar.Text.Length == 0)
            faults.Error(node, "an empty pattern matches nothing", Cure);
        else if (scalar.Text.Length > Glob.MaxLength)
            faults.Error(node, $"a pattern of {scalar.Text.Length} characters", $"keep it under {Glob.MaxLength}");
        else if (scalar.Text.AsSpan().ContainsAnyExceptInRange('!', '~'))
            faults.Error(node, $"'{scalar.Text}' has blanks or letters that tool names never match with",
                "use printable ASCII without blanks");
        else if (Misspelt(scalar.Text) is { } prefix)
            faults.Error(node, $"'{scalar.Text}' begins with a word that is near '{prefix}' and would be read as a tool's name",
                $"write {prefix} in front of what follows the colon");
        else
            return scalar.Text;
        return null;
    }

    /// <summary>The prefix that was meant: taken for a tool's name, such a gate would stand open.</summary>
    private static string? Misspelt(string pattern) =>
        PolicyName.KindOf(pattern).Length == 0 && pattern.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon
            ? new[] { PolicyName.Resource, PolicyName.Prompt }.FirstOrDefault(prefix => Spelling.IsSlip(pattern[..(colon + 1)], prefix))
            : null;

    private static string? Action(Fields fields, Faults faults, MapNode map)
    {
        if (fields.Node("action") is not { } node)
        {
            faults.Error(map, "'action' is missing", "use allow, deny or require_approval");
            return null;
        }
        if (node is ScalarNode { Text: "allow" or "deny" or "block" or "require_approval" or "audit" } known)
            return known.Text;
        faults.Error(node, $"unknown action {node.Kind}", "use allow, deny or require_approval");
        return null;
    }

    private static ApprovalTerms? PortableTerms(Fields fields, Faults faults, string? action, MapNode map)
    {
        if (action is not (null or "require_approval"))
        {
            foreach (var member in map.Members.Where(m => TermKeys.Contains(m.Key)))
                faults.Error(member.Line, $"'{member.Key}' means nothing beside action '{action}'",
                    "leave it out, or use require_approval");
            return null;
        }
        var timeout = fields.Time("approval_timeout", never: true, bareSeconds: true);
        var deadline = fields.Time("deadline", never: true);
        if (fields.Node("approval_timeout") is not null && fields.Node("deadline") is not null)
            faults.Error(fields.LineOf("deadline"), "'deadline' and 'approval_timeout' say the same", "keep one");
        return action is null ? null : ReadTerms(fields, faults, timeout ?? deadline);
    }

    private static ApprovalTerms ReadTerms(Fields fields, Faults faults, Span? deadline)
    {
        var usual = ApprovalTerms.Default;
        var validFor = fields.Time("valid_for", never: true);
        if (deadline is { Value.Ticks: 0 } || validFor is { Value.Ticks: 0 })
            faults.Error(fields.Line, "a call that expires at once can never be approved", "write a time above 0s");
        var terms = new ApprovalTerms(
            Approvers(fields, faults), fields.Number("quorum", 1, 100) ?? usual.Quorum,
            fields.Flag("human_required") ?? usual.HumanRequired, fields.Flag("self_approval") ?? usual.SelfApproval,
            deadline is { } until ? until.Value : usual.Deadline, validFor is { } valid ? valid.Value : usual.ValidFor,
            fields.Word("comment", "never", "reject", "always") ?? usual.Comment, fields.Flag("no_grants") ?? usual.NoGrants)
        {
            Ask = fields.Word("ask", "url", "form", "never") ?? usual.Ask,
        };
        if (terms is { Ask: "form", SelfApproval: false })
            faults.Error(fields.LineOf("ask"), "'ask: form' lets the caller decide, and this rule does not allow that", "add self_approval: true");
        if (terms is { Ask: "form", HumanRequired: true })
            faults.Error(fields.LineOf("ask"), "a form shows nobody to be a person, as 'human_required' demands", "use ask: url");
        return terms;
    }

    private static IReadOnlyList<string> Approvers(Fields fields, Faults faults)
    {
        // An empty list would read as "nobody" and mean "anybody".
        if (fields.Node("approvers") is ListNode { Items.Count: 0 } empty)
            faults.Error(empty, "'approvers' is empty", "name at least one, or leave the key out");
        return fields.Texts("approvers");
    }

    private static IReadOnlyList<string> Patterns(Node? node, Faults faults)
    {
        if (node is ListNode { Items.Count: 0 })
            faults.Error(node, "'tools' is empty", "name at least one tool");
        var nodes = node is ListNode list ? list.Items : node is null ? [] : [node];
        return [.. nodes.Select(n => Pattern(n, faults)).OfType<string>()];
    }

    private string Source(Node node) => $"{faults.File}:{node.Line}";

    private static string Name(Node? node) => node switch
    {
        ScalarNode scalar => $"'{scalar.Text}'",
        ListNode { Items: [ScalarNode first, ..] } => $"'{first.Text}'",
        _ => "",
    };
}
