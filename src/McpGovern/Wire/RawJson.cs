using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace McpGovern.Wire;

/// <summary>JSON text that is written as it came: a parsed and rewritten document loses number lexemes and refuses lone surrogates.</summary>
internal sealed record RawJson(ReadOnlyMemory<byte> Utf8)
{
    public static readonly JsonTypeInfo<RawJson> TypeInfo =
        JsonMetadataServices.CreateValueInfo<RawJson>(new JsonSerializerOptions(), new Converter());

    /// <summary>A node that stands for the text wherever the SDK wants a node.</summary>
    public JsonNode ToNode() => JsonValue.Create(this, TypeInfo)!;

    /// <summary>The text without line breaks, which in JSON are only ever white space: they would end a line or an event early.</summary>
    public RawJson OnOneLine()
    {
        if (Utf8.Span.IndexOfAny((byte)'\n', (byte)'\r') < 0)
        {
            return this;
        }

        var line = Utf8.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        return new(line);
    }

    private sealed class Converter : JsonConverter<RawJson>
    {
        public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("raw JSON is only written");

        public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) =>
            writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
    }
}
