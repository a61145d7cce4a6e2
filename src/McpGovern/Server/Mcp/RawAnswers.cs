using System.Text.Json.Nodes;
using McpGovern.Wire;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>Puts the verbatim answer in the place of the stand-in that the SDK's typed handler had to return.</summary>
internal static class RawAnswers
{
    private static readonly RawMember Complete = new("resultType", "\"resultType\""u8.ToArray(), "\"complete\""u8.ToArray());

    /// <summary>What the stateless revision has results say that could be kept: another actor's is another, and policy may change at any time.</summary>
    private static readonly RawMember[] Private =
    [
        new("ttlMs", "\"ttlMs\""u8.ToArray(), "0"u8.ToArray()),
        new("cacheScope", "\"cacheScope\""u8.ToArray(), "\"private\""u8.ToArray()),
    ];

    public static ReadOnlyMemory<byte> Cached(ReadOnlyMemory<byte> result) =>
        RawObject.Read(result) is { } members ? RawObject.Write([.. members, .. Private]) : result;

    public static McpMessageHandler Filter(McpMessageHandler next) => (context, ct) =>
    {
        if (context.JsonRpcMessage is JsonRpcResponse response)
        {
            context.JsonRpcMessage = RawCall.AnswerOf(response) switch
            {
                RawJson raw => With(response, Typed(raw.Utf8, ProtocolEra.IsStateless(response))),
                JsonRpcErrorDetail error => new JsonRpcError { Id = response.Id, Error = error, Context = response.Context },
                _ => WithoutExtensions(response),
            };
        }

        return next(context, ct);
    };

    /// <summary>The stateless revision has every result say what it is; before it, no result may.</summary>
    private static ReadOnlyMemory<byte> Typed(ReadOnlyMemory<byte> result, bool stateless)
    {
        if (!stateless && result.Span.IndexOf("\"resultType\""u8) < 0)
        {
            return result;
        }

        return RawObject.Read(result) switch
        {
            null => result,
            var members when members.Any(m => m.Name == Complete.Name) == stateless => result,
            var members when stateless => RawObject.Write([Complete, .. members]),
            var members => RawObject.Write(members.Where(m => m.Name != Complete.Name)),
        };
    }

    /// <summary>Extensions belong to the stateless revision: who came by <c>initialize</c> is not told of them.</summary>
    private static JsonRpcResponse WithoutExtensions(JsonRpcResponse response)
    {
        if (response.Result is JsonObject result && result.ContainsKey("protocolVersion") && result["capabilities"] is JsonObject capabilities)
        {
            capabilities.Remove("extensions");
        }

        return response;
    }

    private static JsonRpcResponse With(JsonRpcResponse response, ReadOnlyMemory<byte> raw)
    {
        response.Result = SdkJson.Node(raw);
        return response;
    }
}
