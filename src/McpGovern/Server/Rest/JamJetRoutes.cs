using System.Text.Json.Serialization;
using McpGovern.Calls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.Server;

/// <summary>JamJet's two routes, in its shapes; a direct call is an execution with one node.</summary>
internal sealed class JamJetRoutes(CallQueries queries, DecisionHandler decisions)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/executions/{id}/approvals", ListAsync);
        routes.MapPost("/executions/{id}/approve", DecideAsync);
    }

    private async Task ListAsync(HttpContext http)
    {
        var id = RouteId.Of(http);
        if (!CallId.TryParse(id, out _))
        {
            await RestAnswer.BadRequestAsync(http, RouteId.Malformed(id));
        }
        else if (await queries.FindAsync(Authentication.ActorOf(http), id, http.RequestAborted) is { } call)
        {
            await RestAnswer.JsonAsync(http, CallJson.Write(JamJetApprovals.Of(call)));
        }
        else
        {
            await RestAnswer.NotFoundAsync(http, id);
        }
    }

    private async Task DecideAsync(HttpContext http)
    {
        if (await DecisionBody.ReadAsync(http) is { } body)
        {
            var request = DecisionBody.RequestOf(http, body, body.Required("decision", "approved or rejected"));
            await (body.Fault is { } fault
                ? RestAnswer.BadRequestAsync(http, fault)
                : RestAnswer.OfAsync(http, await decisions.DecideAsync(request, http.RequestAborted)));
        }
    }
}

/// <summary>An execution's approvals as JamJet lists them: what is pending and what is decided.</summary>
internal sealed record JamJetApprovals(
    [property: JsonPropertyName("execution_id")] string ExecutionId,
    [property: JsonPropertyName("pending")] IReadOnlyList<JamJetApproval> Pending,
    [property: JsonPropertyName("decided")] IReadOnlyList<JamJetApproval> Decided)
{
    /// <summary>A call that no rule gated has no approval to list.</summary>
    public static JamJetApprovals Of(CallView call)
    {
        JamJetApproval[] approvals = call.CallHash is null ? [] : [JamJetApproval.Of(call)];
        return call.Status == "pending" ? new(call.ExecutionId, approvals, []) : new(call.ExecutionId, [], approvals);
    }
}

/// <param name="Status"><c>pending</c>, <c>approved</c> or <c>rejected</c>, or how the call ended undecided.</param>
/// <param name="Approver">Who may decide, as JamJet writes it: one text.</param>
/// <param name="CallStatus">Where the call itself stands.</param>
internal sealed record JamJetApproval(
    [property: JsonPropertyName("execution_id")] string ExecutionId,
    [property: JsonPropertyName("node_id")] string NodeId,
    [property: JsonPropertyName("tool_name")] string ToolName,
    [property: JsonPropertyName("tool")] string Tool,
    [property: JsonPropertyName("server")] string Server,
    [property: JsonPropertyName("approver")] string Approver,
    [property: JsonPropertyName("arguments"), JsonConverter(typeof(JsonTextConverter))] string Arguments,
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("user_id")] string? UserId,
    [property: JsonPropertyName("comment")] string? Comment,
    [property: JsonPropertyName("call_id")] string CallId,
    [property: JsonPropertyName("call_hash")] string? CallHash,
    [property: JsonPropertyName("call_status")] string CallStatus)
{
    public static JamJetApproval Of(CallView call)
    {
        var last = call.Decisions.Count == 0 ? null : call.Decisions[^1];
        var approver = call.Approvers.Count == 0 ? "approver" : string.Join(", ", call.Approvers);
        return new(call.ExecutionId, call.NodeId, call.Tool, call.Tool, call.Server, approver, call.Arguments, StatusOf(call), last?.By,
            last?.Comment, call.CallId, call.CallHash, call.Status);
    }

    private static string StatusOf(CallView call) => call switch
    {
        { Status: "pending" or "expired" or "cancelled" or "invalidated" } => call.Status,
        _ when call.Decisions.Any(decision => decision.Decision == "rejected") => "rejected",
        _ => "approved",
    };
}
