namespace McpGovern.Tests.Clients;

/// <summary>What the suite found in one check of one scenario.</summary>
internal sealed record ConformanceCheck(string Scenario, string Id, string Status, string? Message)
{
    public string Name => $"{Scenario}:{Id}";

    /// <summary>A warning says that something which should be was not, or could not be looked at.</summary>
    public bool Passed => Status is not ("FAILURE" or "WARNING");

    public override string ToString() => $"{Name} {Status} {Message}";
}
