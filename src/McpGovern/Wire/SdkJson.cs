using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpGovern.Wire;

/// <summary>
/// Raw JSON inside messages that the SDK itself writes. It writes with the options of its own context, which know only its own types;
/// a node whose metadata is bound to those very options is written by our converter all the same.
/// </summary>
internal static class SdkJson
{
    private static readonly JsonSerializerContext Context =
        McpJsonUtilities.DefaultOptions.TypeInfoResolverChain.OfType<JsonSerializerContext>().First(c => c.GetTypeInfo(typeof(JsonRpcMessage)) is not null);

    private static readonly JsonTypeInfo<RawJson> Raw = JsonMetadataServices.CreateValueInfo<RawJson>(Context.Options, new RawJsonConverter());

    /// <summary>How the SDK writes a message.</summary>
    public static readonly JsonTypeInfo<JsonRpcMessage> Message = (JsonTypeInfo<JsonRpcMessage>)Context.GetTypeInfo(typeof(JsonRpcMessage))!;

    public static JsonNode Node(ReadOnlyMemory<byte> utf8) => JsonValue.Create(new RawJson(OneLine.Of(utf8)), Raw)!;

    public static JsonNode Node(string json) => Node(Encoding.UTF8.GetBytes(json));
}
