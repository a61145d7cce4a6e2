namespace McpGovern.Policy;

/// <summary>All that a policy says of one tool, whatever the arguments.</summary>
/// <param name="Digest">Lowercase hex SHA-256 over every rule that speaks of the tool, the defaults, and what is declared of it.</param>
/// <param name="Terms">Of every rule that could ask for an approval of its calls.</param>
public sealed record ToolGate(string Digest, IReadOnlyList<ApprovalTerms> Terms);
