using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace McpGovern.Server;

/// <summary>Errors over HTTP: RFC 9457, with our code and JamJet's <c>error</c> beside.</summary>
internal static class Problem
{
    public static Task WriteAsync(HttpContext http, AnswerCode code, string message, JsonObject? members = null) =>
        WriteAsync(http, code.Http, code.Word, message, members);

    public static async Task WriteAsync(HttpContext http, int status, string code, string message, JsonObject? members = null)
    {
        var problem = new JsonObject
        {
            ["type"] = "about:blank",
            ["title"] = ReasonPhrases.GetReasonPhrase(status),
            ["status"] = status,
            ["detail"] = message,
            ["code"] = code,
            ["error"] = message,
        };
        foreach (var (name, value) in members ?? [])
        {
            // The call's own status does not fit beside the problem's, which is the HTTP status.
            problem.TryAdd(name == "status" ? "call_status" : name, value?.DeepClone());
        }

        if (code == AnswerCode.Busy.Word)
        {
            problem["retryable"] = true;
            http.Response.Headers.RetryAfter = "1";
        }

        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        await http.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(problem), http.RequestAborted);
    }
}
