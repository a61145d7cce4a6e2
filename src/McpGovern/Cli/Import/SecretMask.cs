using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace McpGovern.Cli;

/// <summary>
/// A client's file as it may be printed. Of its texts only those are shown that say how servers are reached; all others, outside of the
/// servers too, may be somebody's credentials. References such as <c>${TOKEN}</c> are none.
/// </summary>
internal static partial class SecretMask
{
    private const string Hidden = "***";

    private static readonly string[] Plain = ["command", "args", "type", "transport", "cwd"], Addresses = ["url", "httpUrl", "serverUrl"];

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
                text.Append(Encoding.UTF8.GetString(file.AsSpan(at, bom + (int)reader.TokenStartIndex - at))).Append(JsonSerializer.Serialize(shown));
                at = bom + (int)reader.BytesConsumed;
            }
        }
    }

    private static string Shown(string key, string value, string before, int level) =>
        Reference().IsMatch(value) ? value
        : Addresses.Contains(key) && level == 2 ? Query().Replace(value, Hidden)
        : !Plain.Contains(key) || SecretOption().IsMatch(before) ? Hidden
        : SecretPart().Replace(value, Hidden);

    [GeneratedRegex(@"^((Bearer|Basic|token) )?\$\{(env:|input:)?\w+\}$", RegexOptions.CultureInvariant)]
    private static partial Regex Reference();

    // Who signs in, and what is asked for.
    [GeneratedRegex(@"(?<=^\w+://)[^/?#]*(?=@)|(?<=[?#]).+", RegexOptions.CultureInvariant)]
    private static partial Regex Query();

    [GeneratedRegex(@"^-[\w-]*(key|token|secret|passw|auth|header)[\w-]*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretOption();

    // --api-key=..., API_KEY=..., Authorization: ..., and what stands in an address.
    [GeneratedRegex(@"(?<=^[\w-]*(key|token|secret|passw|auth|header)[\w-]*[=:]).+|(?<=://)[^/?#@]*(?=@)|(?<=://[^?#]*[?#]).+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretPart();
}
