using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using Microsoft.AspNetCore.Http;

namespace McpGovern.Server;

/// <summary>Answers over REST.</summary>
internal static class RestAnswer
{
    public static async Task JsonAsync(HttpContext http, string json)
    {
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(json), http.RequestAborted);
    }

    /// <summary>A decision's answer with the HTTP status of its code; what was not accepted is a problem with the same members.</summary>
    public static Task OfAsync(HttpContext http, DecisionAnswer answer) => AnswerCode.ByWord[answer.Answer] is { Http: 200 }
        ? JsonAsync(http, CallJson.Write(answer))
        : Problem.WriteAsync(http, AnswerCode.ByWord[answer.Answer], answer.Message, JsonSerializer.SerializeToNode(answer)!.AsObject());

    public static Task BadRequestAsync(HttpContext http, string message) => Problem.WriteAsync(http, AnswerCode.BadRequest, message);

    public static Task NotFoundAsync(HttpContext http, string id) =>
        Problem.WriteAsync(http, AnswerCode.NotFound, $"there is no call {id} that you may see");
}
