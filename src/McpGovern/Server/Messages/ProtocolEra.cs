using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>The protocol revisions that are served: those that begin with <c>initialize</c>, and the stateless one, which every request names for itself.</summary>
internal static class ProtocolEra
{
    public const string Stateless = "2026-07-28";

    public static readonly IReadOnlyList<string> Initialized = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

    /// <summary>Whether a handler's request is of the stateless revision.</summary>
    public static bool IsStateless(JsonRpcMessage message) => message.Context?.ProtocolVersion == Stateless;

    /// <summary>Whether a message over HTTP is to be judged by the rules of the stateless revisions.</summary>
    public static bool AsksStateless(JsonRpcMessage message, string? versionHeader) =>
        versionHeader == Stateless || VersionOf(message) is not null || message is JsonRpcRequest { Method: RequestMethods.ServerDiscover };

    /// <summary>Whether a client of the stateless revision has got past its probe, which throw-away processes answer too.</summary>
    public static bool BeginsWork(JsonRpcMessage message) => VersionOf(message) == Stateless && message is JsonRpcRequest { Method: not RequestMethods.ServerDiscover };

    /// <summary>The revision that the request names in its <c>_meta</c>.</summary>
    public static string? VersionOf(JsonRpcMessage message) => MetaOf(message)?[MetaKeys.ProtocolVersion]?.ToString();

    public static JsonObject? MetaOf(JsonRpcMessage message) => (message as JsonRpcRequest)?.Params is JsonObject parameters ? parameters["_meta"] as JsonObject : null;

    /// <summary>The answer to a revision that is not served: clients fall back to <c>initialize</c> when refused.</summary>
    public static byte[]? Refuse(JsonRpcMessage message, string? versionHeader = null) => (VersionOf(message), versionHeader) switch
    {
        ({ } version, _) when version != Stateless => Unsupported(message, version, [Stateless]),
        (null, { } header) when header != Stateless && !Initialized.Contains(header) => Unsupported(message, header, [.. Initialized, Stateless]),
        _ => null,
    };

    private static byte[] Unsupported(JsonRpcMessage message, string version, string[] supported) => RpcError.Write(
        (message as JsonRpcRequest)?.Id ?? default,
        RpcCode.UnsupportedProtocolVersion,
        "Unsupported protocol version",
        new JsonObject { ["supported"] = new JsonArray([.. supported.Select(v => (JsonNode)v)]), ["requested"] = version });
}
