using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>One of the tools by which calls are looked at and decided over MCP.</summary>
internal interface IOwnTool
{
    string Name { get; }

    /// <summary>The tool's definition as JSON text.</summary>
    string Definition { get; }

    /// <summary>Only whether it is shown: calling a hidden tool goes the same validated way to the same refusals.</summary>
    bool IsListedFor(Actor actor);

    Task<CallAnswer> CallAsync(Actor actor, JsonArguments arguments, CancellationToken ct);
}

/// <summary>Our own tools, in the order in which they are listed.</summary>
/// <param name="rulesNameAgents">Whether a rule in force names an agent as approver; asked for each list.</param>
internal sealed class OwnTools(Gateway gateway, TimeProvider time, Func<bool> rulesNameAgents)
{
    private readonly IOwnTool[] _tools =
    [
        new ApprovalsTool(gateway.Queries, rulesNameAgents),
        new ApproveTool(gateway.Decisions, rulesNameAgents),
        new ResultTool(gateway.Queries, time),
        new CancelTool(gateway.Decisions),
    ];

    public IEnumerable<string> ListFor(Actor actor) => _tools.Where(tool => tool.IsListedFor(actor)).Select(tool => tool.Definition);

    public IOwnTool? Find(string name) => Array.Find(_tools, tool => tool.Name == name);

    /// <summary>Approvers and operators, and everybody when a rule could name an agent: who is named is known only to the rule.</summary>
    public static bool MayDecide(Actor actor, Func<bool> rulesNameAgents) =>
        (actor.Roles & (Roles.Approver | Roles.Operator)) != 0 || rulesNameAgents();
}
