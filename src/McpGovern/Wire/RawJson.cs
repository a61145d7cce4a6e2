using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpGovern.Wire;

/// <summary>
/// JSON text that passes through unread. The SDK keeps messages as node trees, and writing a parsed node again changes escapes and
/// throws on a lone surrogate; a node made here is written exactly as it was received.
/// </summary>
[JsonConverter(typeof(RawJsonConverter))]
internal readonly record struct RawJson(ReadOnlyMemory<byte> Utf8)
{
    // The SDK writes messages with the options of its own context, which knows only its own types: metadata that is bound to those very
    // options is used as it is, any other would be looked up there in vain.
    private static readonly JsonTypeInfo<RawJson> TypeInfo =
        JsonMetadataServices.CreateValueInfo<RawJson>(SdkContext.Value.Options, new RawJsonConverter());

    public static JsonNode Node(ReadOnlyMemory<byte> utf8) => JsonValue.Create(new RawJson(utf8), TypeInfo)!;

    public static JsonNode Node(string json) => Node(Encoding.UTF8.GetBytes(json));

    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);
}

/// <summary>Writes the text as it stands: whoever made the value has parsed it once.</summary>
internal sealed class RawJsonConverter : JsonConverter<RawJson>
{
    public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return new RawJson(Encoding.UTF8.GetBytes(document.RootElement.GetRawText()));
    }

    public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) =>
        writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
}

/// <summary>The context with which the SDK reads and writes messages.</summary>
internal static class SdkContext
{
    public static readonly JsonSerializerContext Value = McpJsonUtilities.DefaultOptions.TypeInfoResolverChain
        .OfType<JsonSerializerContext>().First(context => context.GetTypeInfo(typeof(JsonRpcMessage)) is not null);

    public static readonly JsonTypeInfo<JsonRpcMessage> Message = (JsonTypeInfo<JsonRpcMessage>)Value.GetTypeInfo(typeof(JsonRpcMessage))!;
}
