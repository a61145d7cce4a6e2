using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>What a stateless request has to say of itself, once in its headers and once in its body: what stands between may read only the one.</summary>
internal static class StatelessHeaders
{
    /// <summary>The error that answers the message, or <c>null</c> where it may be served.</summary>
    public static byte[]? Refuse(JsonRpcMessage message, IHeaderDictionary headers)
    {
        var id = (message as JsonRpcRequest)?.Id ?? default;
        var version = Header(headers, "MCP-Protocol-Version");
        byte[] Mismatch(string text) => RpcError.Write(id, RpcCode.HeaderMismatch, text);
        byte[] Missing(string key) => RpcError.Write(id, RpcCode.InvalidParams, $"params._meta[\"{key}\"] is missing: every request carries it");

        return message switch
        {
            JsonRpcRequest request when version != ProtocolEra.VersionOf(request) && ProtocolEra.VersionOf(request) is { } named =>
                Mismatch($"MCP-Protocol-Version is {Quoted(version)} and the body says '{named}'"),
            _ when ProtocolEra.Refuse(message, version) is { } unsupported => unsupported,
            JsonRpcRequest request when ProtocolEra.VersionOf(request) is null => Missing(MetaKeys.ProtocolVersion),
            JsonRpcRequest request when ProtocolEra.MetaOf(request)?[MetaKeys.ClientCapabilities] is not JsonObject => Missing(MetaKeys.ClientCapabilities),
            _ when Header(headers, "Mcp-Method") is var method && method != MethodOf(message) =>
                Mismatch($"Mcp-Method is {Quoted(method)} and the body says '{MethodOf(message)}'"),
            JsonRpcRequest request when NameMismatch(request, headers) is { } mismatch => Mismatch(mismatch),
            _ => null,
        };
    }

    private static string? NameMismatch(JsonRpcRequest request, IHeaderDictionary headers)
    {
        if (NameMember(request.Method) is not { } member)
        {
            return null;
        }

        var written = Header(headers, "Mcp-Name");
        var header = written is null || written.Any(c => c is not '\t' and (< ' ' or > '~')) ? null : McpHeaderEncoder.DecodeValue(written);
        var body = request.Params is JsonObject parameters && parameters[member] is JsonValue value && value.TryGetValue(out string? name) ? name : null;
        return header is not null && header == body ? null : $"Mcp-Name is {Quoted(written)} and params.{member} is {Quoted(body)}";
    }

    private static string? NameMember(string method) => method switch
    {
        RequestMethods.ToolsCall or RequestMethods.PromptsGet => "name",
        RequestMethods.ResourcesRead => "uri",
        TaskMethods.Get or TaskMethods.Update or TaskMethods.Cancel => "taskId",
        _ => null,
    };

    private static string? MethodOf(JsonRpcMessage message) => message switch
    {
        JsonRpcRequest request => request.Method,
        JsonRpcNotification notification => notification.Method,
        _ => null,
    };

    /// <summary>The one value; two that differ are as good as none.</summary>
    private static string? Header(IHeaderDictionary headers, string name) => headers[name] is { Count: 1 } values ? values[0]?.Trim(' ', '\t') : null;

    private static string Quoted(string? value) => value is null ? "missing" : $"'{value}'";
}
