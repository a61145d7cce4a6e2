namespace McpGovern.Policy;

/// <summary>Placeholder until the policy branch lands.</summary>
internal sealed class PolicySource(PolicySet set, DateTimeOffset at)
{
    public PolicySet Current => set;
    public DateTimeOffset ActivatedAt => at;
    public ActivePolicy Snapshot() => new(set, at);
}
