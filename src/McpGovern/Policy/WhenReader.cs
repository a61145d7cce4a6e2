using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>Reads <c>when</c>: argument paths and what their values have to be.</summary>
internal static class WhenReader
{
    private const string Cure = "write conditions such as { amount: { gt: 500 } }";

    public static When Read(Node? node, Faults faults)
    {
        if (node is null)
            return When.Always;
        if (node is MapNode { Members.Count: > 0 } map)
            return new([.. map.Members.Select(m => Argument(m, faults.Within($"when '{m.Key}'"))).OfType<ArgumentTest>()]);
        // Read as "always" it would open an allow; as "never" it would close a gate. Neither was written.
        faults.Error(node, $"'when' is {(node is MapNode ? "empty" : node.Kind)}", Cure);
        return When.Always;
    }

    private static ArgumentTest? Argument(Member member, Faults faults)
    {
        if (ArgumentPath.Parse(member.Key) is not { } path)
        {
            faults.Error(member.Line, "this is no path to an argument", "write names joined by dots, or a JSON pointer such as /a/b");
            return null;
        }
        if (member.Value is not MapNode { Members.Count: > 0 } map)
        {
            faults.Error(member.Value, $"a condition cannot be {(member.Value is MapNode ? "empty" : member.Value.Kind)}",
                member.Value is ScalarNode { IsNull: false } scalar ? $"write {{ eq: {scalar.Text} }}" : "write { gt: 500 }");
            return null;
        }
        return new(path, [.. map.Members.Select(m => Condition(m, faults)).OfType<Condition>()]);
    }

    private static Condition? Condition(Member member, Faults faults)
    {
        var isList = member.Value is ListNode;
        var nodes = member.Value is ListNode list ? list.Items : [member.Value];
        if (nodes.Any(n => n is not ScalarNode))
        {
            faults.Error(member.Value, $"'{member.Key}' compares with words and numbers only", "write one value, or a list of values");
            return null;
        }
        var (condition, problem, cure) = Conditions.Create(member.Key, [.. nodes.OfType<ScalarNode>().Select(n => n.Value)], isList);
        if (condition is null)
        {
            var known = Conditions.Words.Contains(member.Key);
            faults.Error(member.Line, problem!, known ? cure! : Spelling.Cure(member.Key, Conditions.Words));
        }
        return condition;
    }
}
