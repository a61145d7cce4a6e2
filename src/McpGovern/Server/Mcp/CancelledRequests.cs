using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>Ends the response to a request that was cancelled: nothing answers it any more, and the POST that asked would stay open for ever.</summary>
internal static class CancelledRequests
{
    public static McpMessageHandler Filter(McpMessageHandler next) => async (context, ct) =>
    {
        try
        {
            await next(context, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested && context.JsonRpcMessage is JsonRpcRequest)
        {
            await (context.JsonRpcMessage.Context?.RelatedTransport?.DisposeAsync() ?? default);
            throw;
        }
    };
}
