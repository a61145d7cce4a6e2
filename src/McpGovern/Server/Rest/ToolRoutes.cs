using McpGovern.Calls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.Server;

/// <summary>Tools and their pins over REST.</summary>
internal sealed class ToolRoutes(PinHandler handler)
{
    private const string Path = "/api/v1/tools";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ListAsync);
        routes.MapPost(Path, PinAsync);
    }

    private async Task ListAsync(HttpContext http) => await (await handler.ListAsync(Authentication.ActorOf(http), http.RequestAborted) is { } list
        ? RestAnswer.JsonAsync(http, CallJson.Write(list))
        : Problem.WriteAsync(http, AnswerCode.NotEligible, "only operators and auditors may see the tools' pins"));

    private async Task PinAsync(HttpContext http)
    {
        if (await DecisionBody.ReadAsync(http) is not { } body)
        {
            return;
        }

        var request = new PinRequest(Authentication.ActorOf(http), body.Text("name"), body.Text("expected_hash"), body.Text("comment"), "rest");
        if (body.Fault is { } fault)
        {
            await RestAnswer.BadRequestAsync(http, fault);
            return;
        }

        var answer = await handler.PinAsync(request, http.RequestAborted);
        await (answer.Accepted
            ? RestAnswer.JsonAsync(http, CallJson.Write(answer))
            : Problem.WriteAsync(http, AnswerCode.ByWord[answer.Answer], answer.Message));
    }
}
