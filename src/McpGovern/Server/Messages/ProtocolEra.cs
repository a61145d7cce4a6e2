using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>The protocol revisions that are served, and the answer to every other.</summary>
/// <remarks>2026-07-28 is stateless and is told apart here, before a session is looked for; its front door belongs beside the one for <c>initialize</c>.</remarks>
internal static class ProtocolEra
{
    public static readonly IReadOnlyList<string> Served = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

    private const string VersionKey = "io.modelcontextprotocol/protocolVersion";

    /// <summary>A per-request version or <c>server/discover</c> is a question of the stateless revisions: clients fall back to <c>initialize</c> when refused.</summary>
    public static byte[]? Refuse(JsonRpcMessage message, string? versionHeader = null) => (message, versionHeader) switch
    {
        (_, { } header) when !Served.Contains(header) => Unsupported(message, header),
        (JsonRpcRequest { Method: RequestMethods.ServerDiscover } r, _) => RpcError.Write(r.Id, RpcCode.MethodNotFound, $"Method '{r.Method}' is not available."),
        (JsonRpcRequest { Params: JsonObject p }, _) when VersionOf(p) is { } version => Unsupported(message, version),
        (JsonRpcRequest r, _) when RawCall.Of(r)?.Meta is { } meta && RelayedMeta.Read(meta).ProtocolVersion is { } version => Unsupported(message, version),
        _ => null,
    };

    private static string? VersionOf(JsonObject parameters) =>
        parameters["_meta"] is JsonObject meta && meta[VersionKey] is { } version ? version.ToString() : null;

    private static byte[] Unsupported(JsonRpcMessage message, string version) => RpcError.Write(
        (message as JsonRpcRequest)?.Id ?? default,
        RpcCode.UnsupportedProtocolVersion,
        "Unsupported protocol version",
        new JsonObject { ["supported"] = new JsonArray([.. Served.Select(v => (JsonNode)v)]), ["requested"] = version });
}
