using System.Text;
using System.Text.Json;
using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>One pass over a message: where its parts are, and whether a key appears twice anywhere in it.</summary>
internal sealed class MessageScan
{
    /// <summary>How deep a message may nest.</summary>
    public const int MaxDepth = 64;

    private static readonly JsonReaderOptions Strict = new() { MaxDepth = MaxDepth, CommentHandling = JsonCommentHandling.Disallow };

    private readonly Dictionary<string, Range> _parts = [];

    /// <summary>The first key that appears twice, and where.</summary>
    public string? Duplicate { get; private set; }

    /// <summary>Why the text is no JSON; what was found before that place stays.</summary>
    public string? Fault { get; private set; }

    public JsonTokenType Root { get; private set; }

    /// <summary>Where the member's value is: <c>id</c>, <c>method</c>, or <c>params.arguments</c>.</summary>
    public Range? this[string path] => _parts.TryGetValue(path, out var range) ? range : null;

    public static MessageScan Of(ReadOnlySpan<byte> utf8)
    {
        var scan = new MessageScan();
        var reader = new Utf8JsonReader(utf8, Strict);
        try
        {
            reader.Read();
            scan.Root = reader.TokenType;
            scan.Value(ref reader, "");
            if (reader.Read())
            {
                scan.Fault = "there is more than one JSON value";
            }
        }
        catch (JsonException e)
        {
            scan.Fault = e.Message;
        }

        return scan;
    }

    private void Value(ref Utf8JsonReader reader, string path)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            Object(ref reader, path);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                Value(ref reader, path);
            }
        }
    }

    private void Object(ref Utf8JsonReader reader, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = NameOf(ref reader);
            var place = path.Length == 0 ? name : $"{path}.{name}";
            if (!names.Add(name))
            {
                Duplicate ??= $"the key \"{name}\" appears twice in {(path.Length == 0 ? "the message" : path)}; send each key once";
            }

            reader.Read();
            var start = (int)reader.TokenStartIndex;
            Value(ref reader, place);
            if (path is "" or "params")
            {
                _parts.TryAdd(place, start..(int)reader.BytesConsumed);
            }
        }
    }

    // The reader's own unescaping refuses lone surrogates; the canonical form makes two spellings of one name equal.
    private static string NameOf(ref Utf8JsonReader reader)
    {
        var text = Encoding.UTF8.GetString(reader.ValueSpan);
        return reader.ValueIsEscaped ? CanonicalJson.Of($"\"{text}\"")[1..^1] : text;
    }
}
