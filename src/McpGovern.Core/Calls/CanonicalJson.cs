using System.Globalization;
using System.Text;
using System.Text.Json;

namespace McpGovern.Calls;

/// <summary>
/// Canonical JSON: RFC 8785, except that numbers are copied as written and lone surrogates are written as lower-case <c>\uxxxx</c>,
/// so that no two documents that a reader could tell apart look alike.
/// </summary>
public static class CanonicalJson
{
    /// <summary>How deep a document may nest.</summary>
    public const int MaxDepth = 64;

    private static readonly JsonReaderOptions Strict = new() { MaxDepth = MaxDepth, CommentHandling = JsonCommentHandling.Disallow };

    /// <exception cref="FormatException">The text is no JSON, nests too deep, or has a duplicate key; the message names the place.</exception>
    public static string Of(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var output = new StringBuilder(json.Length);
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json), Strict);
        try
        {
            reader.Read();
            Write(ref reader, output, "$");
            if (reader.Read())
            {
                throw new FormatException("there is more than one JSON value");
            }
        }
        catch (JsonException e)
        {
            throw new FormatException($"not JSON: {e.Message}", e);
        }

        return output.ToString();
    }

    /// <summary>The same text without white space between its tokens; nothing else changes.</summary>
    public static string Compact(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var output = new StringBuilder(json.Length);
        var inString = false;
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (!inString && c is ' ' or '\t' or '\r' or '\n')
            {
                continue;
            }

            output.Append(c);
            if (c == '"')
            {
                inString = !inString;
            }
            else if (c == '\\' && inString)
            {
                output.Append(json[++i]);
            }
        }

        return output.ToString();
    }

    /// <summary>The members of a JSON object in their order: names as they read, values as written less insignificant white space.</summary>
    /// <exception cref="FormatException">Like <see cref="Of"/>, or the text is no object.</exception>
    public static IReadOnlyList<(string Name, string Json)> Members(string json)
    {
        var strict = Of(json);
        if (strict[0] != '{')
        {
            throw new FormatException("not a JSON object");
        }

        var compact = Encoding.UTF8.GetBytes(Compact(json));
        var reader = new Utf8JsonReader(compact, Strict);
        var members = new List<(string Name, string Json)>();
        for (reader.Read(); reader.Read() && reader.TokenType == JsonTokenType.PropertyName;)
        {
            var name = Unescape(reader.ValueSpan);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            members.Add((name, Encoding.UTF8.GetString(compact.AsSpan(start, (int)reader.BytesConsumed - start))));
        }

        return members;
    }

    /// <summary>The text of an object with these members, each value as it is.</summary>
    public static string OfMembers(IEnumerable<(string Name, string Json)> members) =>
        $"{{{string.Join(',', members.Select(member => $"{Quote(member.Name)}:{member.Json}"))}}}";

    /// <summary>A JSON string literal as the canonical form writes it.</summary>
    public static string Quote(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var output = new StringBuilder(text.Length + 2);
        WriteString(text, output);
        return output.ToString();
    }

    private static void Write(ref Utf8JsonReader reader, StringBuilder output, string path)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                WriteObject(ref reader, output, path);
                break;
            case JsonTokenType.StartArray:
                WriteArray(ref reader, output, path);
                break;
            case JsonTokenType.String:
                WriteString(Unescape(reader.ValueSpan), output);
                break;
            default:
                output.Append(Encoding.UTF8.GetString(reader.ValueSpan));
                break;
        }
    }

    private static void WriteObject(ref Utf8JsonReader reader, StringBuilder output, string path)
    {
        // Ordinal comparison of .NET strings is the order by UTF-16 code units that RFC 8785 asks for.
        var members = new SortedDictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = Unescape(reader.ValueSpan);
            var value = new StringBuilder();
            reader.Read();
            Write(ref reader, value, $"{path}.{name}");
            if (!members.TryAdd(name, value.ToString()))
            {
                throw new FormatException($"duplicate key {Quote(name)} in {path}; send each key once");
            }
        }

        var separator = '{';
        foreach (var (name, value) in members)
        {
            output.Append(separator);
            WriteString(name, output);
            output.Append(':').Append(value);
            separator = ',';
        }

        output.Append(members.Count == 0 ? "{}" : "}");
    }

    private static void WriteArray(ref Utf8JsonReader reader, StringBuilder output, string path)
    {
        output.Append('[');
        for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            if (i > 0)
            {
                output.Append(',');
            }

            Write(ref reader, output, path);
        }

        output.Append(']');
    }

    // The reader's own unescaping refuses lone surrogates, which arguments may hold.
    private static string Unescape(ReadOnlySpan<byte> utf8)
    {
        var text = Encoding.UTF8.GetString(utf8);
        if (!text.Contains('\\'))
        {
            return text;
        }

        var output = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                output.Append(text[i]);
                continue;
            }

            var escape = text[++i];
            output.Append(escape switch
            {
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => (char)ushort.Parse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
                _ => escape,
            });
            i += escape == 'u' ? 4 : 0;
        }

        return output.ToString();
    }

    private static void WriteString(string text, StringBuilder output)
    {
        output.Append('"');
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                output.Append(c).Append(text[++i]);
                continue;
            }

            _ = c switch
            {
                '"' => output.Append("\\\""),
                '\\' => output.Append("\\\\"),
                '\b' => output.Append("\\b"),
                '\f' => output.Append("\\f"),
                '\n' => output.Append("\\n"),
                '\r' => output.Append("\\r"),
                '\t' => output.Append("\\t"),
                < ' ' => output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ when char.IsSurrogate(c) => output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => output.Append(c),
            };
        }

        output.Append('"');
    }
}
