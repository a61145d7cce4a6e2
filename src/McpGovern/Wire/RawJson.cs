using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace McpGovern.Wire;

/// <summary>
/// JSON text that passes through unread. The SDK keeps messages as node trees, and writing a parsed node again changes escapes and
/// throws on a lone surrogate; a node made here is written exactly as it was received. Write it with
/// <c>McpJsonUtilities.DefaultOptions</c>: the SDK's own transports write with a narrower resolver, which refuses such a node.
/// </summary>
[JsonConverter(typeof(RawJsonConverter))]
internal readonly record struct RawJson(ReadOnlyMemory<byte> Utf8)
{
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
