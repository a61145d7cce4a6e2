using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>Answers of the MCP endpoints that the SDK has no part in: JSON-RPC errors with an HTTP status.</summary>
internal static class McpAnswer
{
    public static Task FailAsync(HttpContext http, int status, int code, string text) => SendAsync(http, status, RpcError.Write(default, code, text));

    /// <summary>Too much at once.</summary>
    public static Task RefuseAsync(HttpContext http, RequestId id, string why)
    {
        http.Response.Headers.RetryAfter = "1";
        return SendAsync(http, StatusCodes.Status429TooManyRequests, RpcError.Write(id, RpcCode.InternalError, why));
    }

    public static Task SendAsync(HttpContext http, int status, byte[] json) => StatelessResponse.WriteAsync(http, status, json);
}

/// <summary>The message in a request's body.</summary>
internal static class McpBody
{
    /// <summary>The message, or <c>null</c> where what arrived has been answered with what is wrong with it.</summary>
    public static async Task<Inbound.Message?> ReadAsync(HttpContext http, int maxBytes)
    {
        if (!RequestBody.IsJson(http.Request))
        {
            await McpAnswer.FailAsync(http, 415, RpcCode.InvalidRequest, "Content-Type must be application/json");
        }
        else if (await RequestBody.ReadAsync(http, maxBytes) is not { } body)
        {
            await McpAnswer.FailAsync(http, 413, RpcCode.InvalidRequest, $"a message may have {maxBytes} bytes (caps.arguments and a little more)");
        }
        else
        {
            var read = MessageReader.Read(body);
            if (read is Inbound.Fault fault)
            {
                await McpAnswer.SendAsync(http, 400, RpcError.Write(fault));
            }

            return read as Inbound.Message;
        }

        return null;
    }
}
