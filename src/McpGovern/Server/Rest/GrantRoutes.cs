using McpGovern.Calls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.Server;

/// <summary>Standing grants over REST: giving, listing and revoking.</summary>
internal sealed class GrantRoutes(GrantHandler handler)
{
    private const string Path = "/api/v1/grants";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, async http => await RestAnswer.JsonAsync(http, CallJson.Write(await handler.ListAsync(Authentication.ActorOf(http), http.RequestAborted))));
        routes.MapPost(Path, CreateAsync);
        routes.MapDelete(Path + "/{id}", RevokeAsync);
    }

    private async Task CreateAsync(HttpContext http)
    {
        if (await DecisionBody.ReadAsync(http) is { } body)
        {
            var request = new GrantRequest(Authentication.ActorOf(http), "rest", body.Text("tool"), body.Text("for"), body.Number("times", 1, GrantHandler.MaxTimes),
                body.Text("until"), body.Block("when"), body.Text("comment"));
            await (body.Fault is { } fault ? RestAnswer.BadRequestAsync(http, fault) : AnswerAsync(http, await handler.CreateAsync(request, http.RequestAborted)));
        }
    }

    private async Task RevokeAsync(HttpContext http)
    {
        var comment = http.Request.Query["comment"].ToString();
        await AnswerAsync(http, await handler.RevokeAsync(
            Authentication.ActorOf(http), RouteId.Of(http), comment.Length == 0 ? null : comment, "rest", http.RequestAborted));
    }

    private static Task AnswerAsync(HttpContext http, GrantAnswer answer) => answer.Accepted
        ? RestAnswer.JsonAsync(http, CallJson.Write(answer))
        : Problem.WriteAsync(http, AnswerCode.ByWord[answer.Answer], answer.Message);
}
