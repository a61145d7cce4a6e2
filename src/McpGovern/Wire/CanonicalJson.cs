using System.Globalization;
using System.Text;
using System.Text.Json;

namespace McpGovern.Wire;

/// <summary>JSON in one form: RFC 8785, except that numbers stay as written and lone surrogates are written <c>\uxxxx</c>.</summary>
internal static class CanonicalJson
{
    /// <exception cref="JsonException">The text is no JSON.</exception>
    public static ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = 1024 });
        reader.Read();
        var text = new StringBuilder();
        Write(ref reader, text);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Write(ref Utf8JsonReader reader, StringBuilder text)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                WriteObject(ref reader, text);
                break;
            case JsonTokenType.StartArray:
                WriteArray(ref reader, text);
                break;
            case JsonTokenType.String:
                WriteString(Unescape(reader.ValueSpan), text);
                break;
            default:
                text.Append(Encoding.UTF8.GetString(reader.ValueSpan));
                break;
        }
    }

    private static void WriteObject(ref Utf8JsonReader reader, StringBuilder text)
    {
        var members = new SortedDictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = Unescape(reader.ValueSpan);
            reader.Read();
            var value = new StringBuilder();
            Write(ref reader, value);
            members[name] = value.ToString();
        }

        var separator = "{";
        foreach (var (name, value) in members)
        {
            text.Append(separator);
            WriteString(name, text);
            text.Append(':').Append(value);
            separator = ",";
        }

        text.Append(members.Count == 0 ? "{}" : "}");
    }

    private static void WriteArray(ref Utf8JsonReader reader, StringBuilder text)
    {
        text.Append('[');
        for (var first = true; reader.Read() && reader.TokenType != JsonTokenType.EndArray; first = false)
        {
            if (!first)
                text.Append(',');
            Write(ref reader, text);
        }

        text.Append(']');
    }

    private static void WriteString(string value, StringBuilder text)
    {
        text.Append('"');
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
                text.Append(c).Append(value[++i]);
            else
                _ = Escape(c) is { } escaped ? text.Append(escaped) : text.Append(c);
        }

        text.Append('"');
    }

    private static string? Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        < ' ' => FormattableString.Invariant($"\\u{(int)c:x4}"),
        _ when char.IsSurrogate(c) => FormattableString.Invariant($"\\u{(int)c:x4}"),
        _ => null,
    };

    // Not the reader's own GetString: that refuses lone surrogates.
    private static string Unescape(ReadOnlySpan<byte> written)
    {
        var raw = Encoding.UTF8.GetString(written);
        if (!raw.Contains('\\'))
            return raw;

        var text = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }

            var kind = raw[++i];
            text.Append(kind switch
            {
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => (char)int.Parse(raw.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                _ => kind,
            });
            i += kind == 'u' ? 4 : 0;
        }

        return text.ToString();
    }
}
