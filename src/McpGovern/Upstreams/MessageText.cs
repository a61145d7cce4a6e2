using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>JSON-RPC messages to and from text, by the SDK's rules with raw text kept raw.</summary>
internal static class MessageText
{
    // The SDK's HTTP transport writes with a narrower resolver that refuses our raw nodes: over HTTP, too, the text is made here.
    private static readonly JsonTypeInfo<JsonRpcMessage> Type =
        (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    public static byte[] Write(JsonRpcMessage message) => JsonSerializer.SerializeToUtf8Bytes(message, Type);

    /// <summary>Null when it is no message.</summary>
    public static JsonRpcMessage? Read(ReadOnlySpan<byte> text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, Type);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
