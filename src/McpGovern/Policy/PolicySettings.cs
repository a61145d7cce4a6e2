using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>Reads the keys <c>policies</c> and <c>policy</c>.</summary>
internal static class PolicySettings
{
    /// <summary>Null when there is a fault, or no policy at all.</summary>
    public static (PolicySet Set, IReadOnlyList<PolicyInput> Inputs)? Read(SettingKeys keys)
    {
        var inputs = new List<PolicyInput>();
        var readings = new List<PolicyReading>();
        foreach (var node in keys.Fields("policies").List("policies", "write a list of files"))
            AddFile(keys, node, inputs, readings);
        if (keys.Node("policy") is { } inline)
            AddInline(keys, inline, inputs, readings);
        foreach (var reading in readings)
            keys.Faults("policies").AddFrom(reading.Errors, reading.Warnings);
        if (keys.Node("policy") is null && keys.Node("policies") is null or ListNode { Items.Count: 0 })
            keys.Faults("policies").Error(keys.LineOf("policies"), "there is no policy, and without one nothing is decided",
                "write 'policies: [policies/mine.yaml]', or 'policy: { default: allow }' if everything is to be allowed");
        return readings.Count > 0 && readings.All(r => r.File is not null)
            ? (PolicySet.Create([.. readings.Select(r => r.File!)]), inputs)
            : null;
    }

    private static void AddFile(SettingKeys keys, Node node, List<PolicyInput> inputs, List<PolicyReading> readings)
    {
        var faults = keys.Faults("policies");
        if (Values.Text(node, "policies", faults, "name a file") is not { } written
            || keys.Expand(written, node.Line, faults) is not { } name)
            return;
        var input = new PolicyInput(keys.Resolve("policies", name), name, Inline: null);
        if (!File.Exists(input.Path))
        {
            faults.Error(node, $"the policy file '{name}' does not exist", $"create {input.Path}, or name another");
            return;
        }
        inputs.Add(input);
        readings.Add(input.Read());
    }

    private static void AddInline(SettingKeys keys, Node node, List<PolicyInput> inputs, List<PolicyReading> readings)
    {
        var faults = keys.Faults("policy");
        if (node is not MapNode { Members.Count: > 0 })
        {
            faults.Error(node, $"'policy' is {(node is MapNode ? "empty" : node.Kind)}",
                "write a policy such as { default: deny }; files are named under 'policies'");
            return;
        }
        inputs.Add(new(keys.IsFromFile("policy") ? keys.SettingsFile : null, faults.File, node));
        readings.Add(PolicyFileReader.Read(node, faults.File));
    }
}
