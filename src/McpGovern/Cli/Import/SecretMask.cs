using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace McpGovern.Cli;

/// <summary>
/// A client's file as it may be printed. Of its texts only those are shown that say how servers are reached; all others, outside of the
/// servers too, may be somebody's credentials. References such as <c>${TOKEN}</c>, <c>${file:PATH}</c> and <c>${cmd:PROGRAM ARG}</c> are none.
/// </summary>
internal static partial class SecretMask
{
    private const string Hidden = "***";

    private static readonly string[] Plain = ["command", "args", "type", "transport", "cwd"], Addresses = ["url", "httpUrl", "serverUrl"];

    private static readonly JsonSerializerOptions AsWritten = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonReaderOptions Lenient = new() { CommentHandling = JsonCommentHandling.Allow, AllowTrailingCommas = true, MaxDepth = 256 };

    /// <summary>A block of servers by itself.</summary>
    public static string Of(string block)
    {
        var bytes = Encoding.UTF8.GetBytes(block);
        return Of(bytes, 0, bytes.Length);
    }

    /// <param name="start">Where in the file the block of servers begins.</param>
    public static string Of(byte[] file, int start, int end)
    {
        var bom = file.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        var reader = new Utf8JsonReader(file.AsSpan(bom), Lenient);
        var text = new StringBuilder();
        var at = bom;
        // The block's own depth, the key of a server's entry that is being read, and the argument before.
        var (depth, key, before) = (0, "", "");
        while (reader.Read())
        {
            var token = bom + (int)reader.TokenStartIndex;
            var inside = token >= start && token < end;
            depth = token == start ? reader.CurrentDepth : depth;
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName when inside && reader.CurrentDepth == depth + 2:
                    (key, before) = (reader.GetString()!, "");
                    break;
                case JsonTokenType.String:
                    var value = reader.GetString()!;
                    Replace(ref reader, inside ? Shown(key, value, before, reader.CurrentDepth - depth) : Hidden, value);
                    before = value;
                    break;
                case JsonTokenType.Comment:
                    text.Append(Encoding.UTF8.GetString(file.AsSpan(at, token - at))).Append(file[token + 1] == '*' ? $"/* {Hidden} */" : $"// {Hidden}");
                    at = bom + (int)reader.BytesConsumed;
                    text.Append(file[at - 1] == '\n' ? "\n" : "");
                    break;
            }
        }

        return text.Append(Encoding.UTF8.GetString(file.AsSpan(at))).ToString();

        void Replace(ref Utf8JsonReader reader, string shown, string value)
        {
            if (shown != value && value.Length > 0)
            {
                text.Append(Encoding.UTF8.GetString(file.AsSpan(at, bom + (int)reader.TokenStartIndex - at))).Append(JsonSerializer.Serialize(shown, AsWritten));
                at = bom + (int)reader.BytesConsumed;
            }
        }
    }

    private static string Shown(string key, string value, string before, int level) =>
        Addresses.Contains(key) && level == 2 ? Query().Replace(value, secret => Hide(secret.Value))
        : !Plain.Contains(key) || SecretOption().IsMatch(before) ? Hide(value)
        : SecretPart().Replace(value, secret => Hide(secret.Value));

    /// <summary>Of what may be a secret the references, and the word for how one is used; all else is hidden.</summary>
    private static string Hide(string value)
    {
        var (text, at) = (new StringBuilder(), 0);
        foreach (Match reference in Reference().Matches(value))
        {
            text.Append(Words(value[at..reference.Index])).Append(Command(reference));
            at = reference.Index + reference.Length;
        }

        return text.Append(at == 0 ? Hidden : Words(value[at..])).ToString();

        static string Words(string words) => words.Trim() is "" or "Bearer" or "Basic" or "token" ? words : Hidden;
    }

    /// <summary>A reference as it is written; the arguments of a command like those of a server.</summary>
    private static string Command(Match reference)
    {
        var before = "";
        return reference.Groups["command"] is { Success: true } command ? $"${{cmd:{Word().Replace(command.Value, Argument)}}}" : reference.Value;

        string Argument(Match word)
        {
            var quote = word.Value[0] is '"' or '\'' && word.Length > 1 && word.Value[^1] == word.Value[0] ? word.Value[..1] : "";
            var bare = word.Value[quote.Length..^quote.Length];
            var shown = SecretOption().IsMatch(before) ? Hidden : SecretPart().Replace(bare, Hidden);
            before = bare;
            return $"{quote}{shown}{quote}";
        }
    }

    // What is read as one; anything else that looks similar is hidden, as ${TOKEN:-default} is, whose default may be the secret.
    [GeneratedRegex("""\$\{((env:|input:)?\w+|file:[^{}"'$]+|cmd:(?<command>("[^"]*"|'[^']*'|[^{}"'$])+))\}""", RegexOptions.CultureInvariant)]
    private static partial Regex Reference();

    [GeneratedRegex("""([^\s"']|"[^"]*"|'[^']*')+""", RegexOptions.CultureInvariant)]
    private static partial Regex Word();

    // Who signs in, and what is asked for.
    [GeneratedRegex(@"(?<=^\w+://)[^/?#]*(?=@)|(?<=[?#]).+", RegexOptions.CultureInvariant)]
    private static partial Regex Query();

    [GeneratedRegex(@"^-[\w-]*(key|token|secret|passw|auth|header)[\w-]*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretOption();

    // --api-key=..., API_KEY=..., Authorization: ..., and what stands in an address.
    [GeneratedRegex(@"(?<=^[\w-]*(key|token|secret|passw|auth|header)[\w-]*[=:]).+|(?<=://)[^/?#@]*(?=@)|(?<=://[^?#]*[?#]).+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretPart();
}
