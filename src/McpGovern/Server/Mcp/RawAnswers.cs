using McpGovern.Wire;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>Puts the verbatim answer in the place of the stand-in that the SDK's typed handler had to return.</summary>
internal static class RawAnswers
{
    public static McpMessageHandler Filter(McpMessageHandler next) => (context, ct) =>
    {
        if (context.JsonRpcMessage is JsonRpcResponse response)
        {
            context.JsonRpcMessage = RawCall.AnswerOf(response) switch
            {
                RawJson raw => With(response, raw),
                JsonRpcErrorDetail error => new JsonRpcError { Id = response.Id, Error = error, Context = response.Context },
                _ => response,
            };
        }

        return next(context, ct);
    };

    private static JsonRpcResponse With(JsonRpcResponse response, RawJson raw)
    {
        response.Result = SdkJson.Node(raw.Utf8);
        return response;
    }
}
