using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary><c>jamjet_approve</c>: records a decision. Who decides is the connection's actor; there is no argument for it.</summary>
internal sealed class ApproveTool(DecisionHandler decisions, Func<bool> rulesNameAgents) : IOwnTool
{
    public string Name => "jamjet_approve";

    public string Definition => """
        {"name":"jamjet_approve","title":"Approve or reject a parked call","description":"Records your decision on a parked tool call. An approved call runs at once with exactly the arguments that were shown; a rejected one never runs. The decision cannot be taken back. You cannot decide a call that you asked for yourself, and agents can decide only where a rule names them. Approve only what you were told to approve and have read completely; send expected_hash so that nothing else can be approved by it.","inputSchema":{"type":"object","properties":{"execution_id":{"type":"string","description":"the exec_... or call_... id of the parked call"},"decision":{"type":"string","enum":["approved","rejected"]},"node_id":{"type":"string","description":"which of several pending calls of the execution; not needed when only one is pending"},"comment":{"type":"string","description":"why; shown to whoever asked for the call"},"expected_hash":{"type":"string","description":"call_hash as you saw it; the decision is refused if the call is another by now"},"call_id":{"type":"string","description":"the same as execution_id, under its other name"},"idempotency_key":{"type":"string","description":"your own name for this decision; the same name with the other decision is refused"}},"required":["execution_id","decision"]},"annotations":{"readOnlyHint":false,"destructiveHint":true,"idempotentHint":true,"openWorldHint":true}}
        """;

    public bool IsListedFor(Actor actor) => OwnTools.MayDecide(actor, rulesNameAgents);

    public async Task<CallAnswer> CallAsync(Actor actor, JsonArguments arguments, CancellationToken ct)
    {
        var target = arguments.Text("execution_id") ?? arguments.Text("call_id")
            ?? arguments.Required("execution_id", "the exec_... or call_... id of the parked call");
        var decision = arguments.Required("decision", "approved or rejected");
        var request = new DecisionRequest(actor, target, decision, Via: "mcp")
        {
            NodeId = arguments.Text("node_id"),
            Comment = arguments.Text("comment"),
            ExpectedHash = arguments.Text("expected_hash"),
            IdempotencyKey = arguments.Text("idempotency_key"),
        };
        return arguments.Fault is { } fault
            ? ToolAnswers.BadRequest(fault)
            : ToolAnswers.Of(await decisions.DecideAsync(request, ct), spelling: target);
    }
}
