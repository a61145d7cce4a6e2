using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>Where a policy stands: a file of its own, the settings file's <c>policy</c> key, or an environment variable.</summary>
/// <param name="Path">The file; null when there is none that could change.</param>
/// <param name="ShownAs">What it is called in messages and in the record.</param>
/// <param name="Inline">The policy as it was written under the key; null for a file of its own.</param>
internal sealed record PolicyInput(string? Path, string ShownAs, Node? Inline)
{
    public PolicyReading Read()
    {
        if (Path is null)
            return PolicyFileReader.Read(Inline!, ShownAs);
        if (Inline is null)
            return PolicyFileReader.Read(Path, ShownAs);
        var faults = new Faults(ShownAs);
        if (DocumentReader.ReadFile(Path, faults) is MapNode root && faults.Errors.Count == 0 && root.Find("policy") is { } policy)
            return PolicyFileReader.Read(policy.Value, ShownAs);
        if (faults.Errors.Count == 0)
            faults.Error(0, "the policy is gone from the settings", "write it again, or restart with what is there now");
        return new(null, faults.Errors, faults.Warnings);
    }
}
