using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary><c>jamjet_cancel</c>: withdraws a call that has not been sent yet.</summary>
internal sealed class CancelTool(DecisionHandler decisions) : IOwnTool
{
    public string Name => "jamjet_cancel";

    public string Definition => """
        {"name":"jamjet_cancel","title":"Withdraw a parked call","description":"Withdraws a parked call that you asked for, so that it never runs. Works while it waits for approval, or is approved and not yet sent; a call that was sent cannot be withdrawn.","inputSchema":{"type":"object","properties":{"call_id":{"type":"string","description":"the call_... or exec_... id of the parked call"},"reason":{"type":"string","description":"why, for the record"}},"required":["call_id"]},"annotations":{"readOnlyHint":false,"destructiveHint":false,"idempotentHint":true,"openWorldHint":false}}
        """;

    public bool IsListedFor(Actor actor) => (actor.Roles & (Roles.Caller | Roles.Operator)) != 0;

    public async Task<CallAnswer> CallAsync(Actor actor, JsonArguments arguments, CancellationToken ct)
    {
        var target = arguments.CallOrExecution();
        var reason = arguments.Text("reason");
        return arguments.Fault is { } fault
            ? ToolAnswers.BadRequest(fault)
            : ToolAnswers.Of(await decisions.CancelAsync(new CancelRequest(actor, target, "mcp", reason), ct), spelling: target);
    }
}
