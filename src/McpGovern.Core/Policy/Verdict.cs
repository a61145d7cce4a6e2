namespace McpGovern.Policy;

/// <summary>What policy says of a call; a larger value is stricter, so the strictest is the maximum.</summary>
public enum Verdict { Allow, RequireApproval, Deny }

/// <summary>The words that files, events and answers use for verdicts.</summary>
public static class Verdicts
{
    public static string Word(this Verdict verdict) => verdict switch
    {
        Verdict.Allow => "allow",
        Verdict.RequireApproval => "require_approval",
        _ => "deny",
    };

    /// <summary>Reads a verdict word; null means that there is no such verdict.</summary>
    public static Verdict? Parse(string word) => word switch
    {
        "allow" => Verdict.Allow,
        "require_approval" => Verdict.RequireApproval,
        "deny" => Verdict.Deny,
        _ => null,
    };
}
