namespace McpGovern.Calls;

/// <summary>What stands in the way of a call whose dispatch is recorded.</summary>
/// <param name="Why">For people.</param>
internal sealed record Hindrance(string Why)
{
    /// <summary>What is recorded of it is others' by now, and stays as it is.</summary>
    public bool IsGivenUp { get; init; }
}
