using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>Reads test cases, inside a policy or in a file beside it.</summary>
internal static class PolicyTestReader
{
    public static IReadOnlyList<PolicyTest> Read(Node? node, Faults faults) =>
        node is null
            ? []
            : [.. Values.List(node, "tests", faults, "write a list of { call, args, expect }").Select(n => Case(n, faults)).OfType<PolicyTest>()];

    private static PolicyTest? Case(Node node, Faults faults)
    {
        const string Cure = "write { call: payments.submit, args: { amount: 5 }, expect: require_approval }";
        if (node is not MapNode map)
        {
            faults.Error(node, $"a test cannot be {node.Kind}", Cure);
            return null;
        }
        var within = faults.Within("test");
        var fields = new Fields(map, within, "call", "args", "expect");
        var call = fields.Required("call", "name the tool as server.tool, or resource:server.uri, or prompt:server.name");
        if (fields.Node("expect") is null)
            within.Error(map, "'expect' is missing", "use allow, deny or require_approval");
        var expect = fields.Word("expect", "allow", "deny", "require_approval");
        var arguments = fields.Block("args", "write a block of arguments");
        return call is null || expect is null
            ? null
            : new(call, arguments?.ToJson() ?? "{}", Verdicts.Parse(expect)!.Value, $"{faults.File}:{map.Line}");
    }
}
