using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace McpGovern.Storage;

/// <summary>Which strings both stores keep as they are: no U+0000 (PostgreSQL has none) and no half surrogate pair (UTF-8 has none).</summary>
internal static class StorableText
{
    private const string Fault = "holds U+0000 or half a surrogate pair, which cannot be stored";

    public static bool IsStorable(string? text)
    {
        if (text is null || (!text.Contains('\0') && !text.AsSpan().ContainsAnyInRange('\ud800', '\udfff')))
        {
            return true;
        }

        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            if (System.Text.Rune.DecodeFromUtf16(rest, out var rune, out var used) != OperationStatus.Done || rune.Value == 0)
            {
                return false;
            }

            rest = rest[used..];
        }

        return true;
    }

    /// <exception cref="ArgumentException">The text cannot be stored.</exception>
    public static void Check(string? text, string member)
    {
        if (!IsStorable(text))
        {
            throw new ArgumentException($"'{member}' {Fault}");
        }
    }

    /// <summary>Refuses the strings that would come back changed, so that the serializer can say which member it was.</summary>
    internal sealed class Converter : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString();

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
        {
            if (!IsStorable(value))
            {
                throw new JsonException();
            }

            writer.WriteStringValue(value);
        }
    }

    /// <exception cref="ArgumentException">A member cannot be stored.</exception>
    public static string Serialize(object value, JsonSerializerOptions options)
    {
        try
        {
            return JsonSerializer.Serialize(value, value.GetType(), options);
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"'{value.GetType().Name}{e.Path?.TrimStart('$')}' {Fault}", e);
        }
    }
}
