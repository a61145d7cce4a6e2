using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>What the doors work with: one per process, made from the settings.</summary>
internal sealed record Gateway(CallHandler Calls, DecisionHandler Decisions, CallQueries Queries, GovernedTools Tools);
