using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>JSON-RPC errors as bytes, with a <c>null</c> id where the request's could not be read.</summary>
internal static class RpcError
{
    public static byte[] Write(Inbound.Fault fault) => Write(fault.Id, fault.Code, fault.Text);

    public static byte[] Write(RequestId id, int code, string text, JsonNode? data = null)
    {
        var error = new JsonObject { ["code"] = code, ["message"] = text };
        if (data is not null)
        {
            error["data"] = data;
        }

        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = JsonSerializer.SerializeToNode(id, McpJsonUtilities.DefaultOptions),
            ["error"] = error,
        });
    }
}
