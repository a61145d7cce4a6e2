using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary><c>jamjet_result</c>: what became of a call, and its result once there is one.</summary>
internal sealed class ResultTool(CallQueries queries, TimeProvider time) : IOwnTool
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    public string Name => "jamjet_result";

    public string Definition => """
        {"name":"jamjet_result","title":"Get the result of a parked call","description":"Tells what became of a tool call that was parked for approval. Once it has run, this is the tool's own result, exactly as the call itself would have returned it; before that, it says where the call stands and whom it waits for. Ask as often as you like: it never runs anything again.","inputSchema":{"type":"object","properties":{"call_id":{"type":"string","description":"the call_... (or exec_...) id that the parked call returned"},"execution_id":{"type":"string","description":"the same, under its other name"},"wait_seconds":{"type":"integer","minimum":0,"maximum":55,"description":"how long to wait for the call to end before answering; 0 if not given"}}},"annotations":{"readOnlyHint":true,"openWorldHint":false}}
        """;

    public bool IsListedFor(Actor actor) => actor.Roles != Roles.None;

    public async Task<CallAnswer> CallAsync(Actor actor, JsonArguments arguments, CancellationToken ct)
    {
        var target = arguments.CallOrExecution();
        var wait = TimeSpan.FromSeconds(arguments.Number("wait_seconds", 0, 55) ?? 0);
        if (arguments.Fault is { } fault)
        {
            return ToolAnswers.BadRequest(fault);
        }

        if (!CallId.TryParse(target, out _))
        {
            return ToolAnswers.BadRequest($"call_id '{target}' is no call_... or exec_... id");
        }

        var until = time.GetUtcNow() + wait;
        while (time.GetUtcNow() < until && await queries.FindAsync(actor, target!, ct) is { Status: "pending" or "approved" or "dispatching" })
        {
            await Task.Delay(Pause, time, ct);
        }

        return await queries.ResultAsync(actor, target!, Name, ct) ?? ToolAnswers.NotFound(target!);
    }
}
