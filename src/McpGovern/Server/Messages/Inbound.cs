using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>What a door read: a message for the SDK, or the error that answers it.</summary>
internal abstract record Inbound
{
    internal sealed record Message(JsonRpcMessage Value) : Inbound;

    /// <param name="Id">The faulty request's id, or <c>default</c> where it could not be read.</param>
    internal sealed record Fault(int Code, string Text, RequestId Id) : Inbound;
}

/// <summary>The JSON-RPC error codes that the doors use.</summary>
internal static class RpcCode
{
    public const int
        ParseError = -32700,
        InvalidRequest = -32600,
        MethodNotFound = -32601,
        InvalidParams = -32602,
        InternalError = -32603,
        SessionNotFound = -32001,
        HeaderMismatch = -32020,
        MissingClientCapability = -32021,
        UnsupportedProtocolVersion = -32022;
}
