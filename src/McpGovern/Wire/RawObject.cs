using System.Buffers;
using System.Text;
using System.Text.Json;

namespace McpGovern.Wire;

/// <summary>One member of a JSON object: both sides as they were written, the name also decoded.</summary>
internal readonly record struct RawMember(string Name, ReadOnlyMemory<byte> WrittenName, ReadOnlyMemory<byte> Value);

/// <summary>Takes a JSON object apart and puts it together again without touching the text of its values.</summary>
internal static class RawObject
{
    // The serializer's 64 would refuse results that others can read; nothing here recurses.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 1024 };

    /// <summary>The members in order, duplicates included; null when the text is not one JSON object.</summary>
    public static List<RawMember>? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json.Span, Options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;

            var members = new List<RawMember>();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = Decode(ref reader);
                var written = Slice(json, ref reader, end: reader.TokenStartIndex + reader.ValueSpan.Length + 2);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                members.Add(new RawMember(name, written, json[start..(int)reader.BytesConsumed]));
            }

            return reader.Read() ? null : members;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The elements of a JSON array as they were written; null when the text is not one.</summary>
    public static List<ReadOnlyMemory<byte>>? ReadArray(ReadOnlyMemory<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json.Span, Options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                return null;

            var elements = new List<ReadOnlyMemory<byte>>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                elements.Add(json[start..(int)reader.BytesConsumed]);
            }

            return elements;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static ReadOnlyMemory<byte> Write(IEnumerable<RawMember> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var separator = "{"u8;
        foreach (var member in members)
        {
            buffer.Write(separator);
            buffer.Write(member.WrittenName.Span);
            buffer.Write(":"u8);
            buffer.Write(member.Value.Span);
            separator = ","u8;
        }

        if (buffer.WrittenCount == 0)
            buffer.Write("{"u8);
        buffer.Write("}"u8);
        return buffer.WrittenMemory;
    }

    /// <summary>The string a value stands for, or null when it is no string or holds a lone surrogate.</summary>
    public static string? AsString(ReadOnlyMemory<byte> value)
    {
        if (value.IsEmpty || value.Span[0] != '"')
            return null;
        var reader = new Utf8JsonReader(value.Span, Options);
        reader.Read();
        return Decode(ref reader, fallback: null);
    }

    private static string Decode(ref Utf8JsonReader reader) => Decode(ref reader, Encoding.UTF8.GetString(reader.ValueSpan))!;

    private static string? Decode(ref Utf8JsonReader reader, string? fallback)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: no name or text of the protocol has one, so it need only stay apart from all that do.
            return fallback;
        }
    }

    private static ReadOnlyMemory<byte> Slice(ReadOnlyMemory<byte> json, ref Utf8JsonReader reader, long end) =>
        json[(int)reader.TokenStartIndex..(int)end];
}
