using McpGovern.Calls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.Server;

/// <summary>The kill switch over REST: what is frozen, freezing, and letting go.</summary>
internal sealed class FreezeRoutes(FreezeHandler handler)
{
    private const string Path = "/api/v1/freezes";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ListAsync);
        routes.MapPost(Path, FreezeAsync);
        routes.MapDelete(Path, UnfreezeAsync);
    }

    private async Task ListAsync(HttpContext http) => await (await handler.ListAsync(Authentication.ActorOf(http), http.RequestAborted) is { } list
        ? RestAnswer.JsonAsync(http, CallJson.Write(list))
        : Problem.WriteAsync(http, AnswerCode.NotEligible, "only operators and auditors may see what is frozen"));

    private async Task FreezeAsync(HttpContext http)
    {
        if (await DecisionBody.ReadAsync(http) is { } body)
        {
            var request = new FreezeRequest(Authentication.ActorOf(http), body.Text("kind"), body.Text("name"), body.Text("comment"), "rest");
            await (body.Fault is { } fault ? RestAnswer.BadRequestAsync(http, fault) : AnswerAsync(http, await handler.FreezeAsync(request, http.RequestAborted)));
        }
    }

    private async Task UnfreezeAsync(HttpContext http) => await AnswerAsync(http, await handler.UnfreezeAsync(
        new(Authentication.ActorOf(http), Query(http, "kind"), Query(http, "name"), Query(http, "comment"), "rest"), http.RequestAborted));

    private static Task AnswerAsync(HttpContext http, FreezeAnswer answer) => answer.Accepted
        ? RestAnswer.JsonAsync(http, CallJson.Write(answer))
        : Problem.WriteAsync(http, AnswerCode.ByWord[answer.Answer], answer.Message);

    private static string? Query(HttpContext http, string name) => http.Request.Query[name].ToString() is { Length: > 0 } text ? text : null;
}
