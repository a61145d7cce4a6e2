namespace McpGovern.Policy;

/// <summary>Placeholder until the policy branch lands.</summary>
public static class Glob
{
    public static bool IsMatch(string pattern, string text, bool ignoreCase = false) =>
        string.Equals(pattern, text, ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
}
