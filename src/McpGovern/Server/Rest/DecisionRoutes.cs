using McpGovern.Calls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.Server;

/// <summary>Deciding calls. Who decides is whose key it is: a body's <c>user_id</c> or <c>tenant_id</c> is never read.</summary>
internal sealed class DecisionRoutes(DecisionHandler decisions)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/calls/{id}/approve", http => DecideAsync(http, "approved"));
        routes.MapPost("/api/v1/calls/{id}/reject", http => DecideAsync(http, "rejected"));
        routes.MapPost("/api/v1/calls/{id}/cancel", CancelAsync);
        routes.MapPost("/api/v1/calls/{id}/resolve", ResolveAsync);
        routes.MapPost("/api/v1/decisions", DecideAllAsync);
    }

    private async Task DecideAllAsync(HttpContext http)
    {
        if (await DecisionBody.ReadAsync(http, DecisionBatch.MaxBytes) is { } body)
        {
            await (DecisionBatch.Read(body, Authentication.ActorOf(http), "rest") is { } requests
                ? RestAnswer.JsonAsync(http, CallJson.Write(await DecisionBatch.DecideAsync(decisions, requests, http.RequestAborted)))
                : RestAnswer.BadRequestAsync(http, body.Fault!));
        }
    }

    private Task DecideAsync(HttpContext http, string decision) =>
        AnswerAsync(http, body => DecisionBody.RequestOf(http, body, decision), decisions.DecideAsync);

    private Task CancelAsync(HttpContext http) => AnswerAsync(
        http, body => new CancelRequest(Authentication.ActorOf(http), RouteId.Of(http), "rest", body.Text("reason") ?? body.Text("comment")), decisions.CancelAsync);

    private Task ResolveAsync(HttpContext http) => AnswerAsync(
        http, body => new ResolveRequest(Authentication.ActorOf(http), RouteId.Of(http), "rest", body.Text("outcome"), body.Text("comment")), decisions.ResolveAsync);

    // The body is read, and found without fault, before anything is decided.
    private static async Task AnswerAsync<T>(HttpContext http, Func<JsonArguments, T> read, Func<T, CancellationToken, Task<DecisionAnswer>> decide)
    {
        if (await DecisionBody.ReadAsync(http) is { } body)
        {
            var request = read(body);
            await (body.Fault is { } fault
                ? RestAnswer.BadRequestAsync(http, fault)
                : RestAnswer.OfAsync(http, await decide(request, http.RequestAborted)));
        }
    }
}

/// <summary>The body of a decision.</summary>
internal static class DecisionBody
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>The members, none where there is no body; <c>null</c> after having answered what is wrong with it.</summary>
    public static async Task<JsonArguments?> ReadAsync(HttpContext http, int maxBytes = MaxBytes)
    {
        if (await RequestBody.ReadAsync(http, maxBytes) is not { } bytes)
        {
            await Problem.WriteAsync(http, StatusCodes.Status413PayloadTooLarge, AnswerCode.BadRequest.Word, $"this may have {maxBytes} bytes");
            return null;
        }

        if (bytes.Length == 0)
        {
            return JsonArguments.Read("{}");
        }

        if (!RequestBody.IsJson(http.Request))
        {
            await Problem.WriteAsync(http, StatusCodes.Status415UnsupportedMediaType, AnswerCode.BadRequest.Word, "Content-Type must be application/json");
            return null;
        }

        var body = JsonArguments.TryRead(bytes);
        if (body is null)
        {
            await RestAnswer.BadRequestAsync(http, "the body is no JSON object, or has a key twice");
        }

        return body;
    }

    public static DecisionRequest RequestOf(HttpContext http, JsonArguments body, string? decision) =>
        new(Authentication.ActorOf(http), RouteId.Of(http), decision, "rest")
        {
            NodeId = body.Text("node_id"),
            Comment = body.Text("comment"),
            ExpectedHash = body.Text("expected_hash"),
            IdempotencyKey = body.Text("idempotency_key") ?? http.Request.Headers["Idempotency-Key"].FirstOrDefault(),
        };
}
