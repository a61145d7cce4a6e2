namespace McpGovern.Policy;

/// <summary>A policy set and when this process began to use it; one snapshot serves one call.</summary>
internal sealed record ActivePolicy(PolicySet Policy, DateTimeOffset ActivatedAt);
