using System.Text;

namespace McpGovern.ConsolePages;

/// <summary>Puts JSON text on several lines by adding white space between its parts, and touching none of them.</summary>
internal static class IndentedJson
{
    // Deeper levels stay there: a megabyte of brackets must not become a terabyte of spaces.
    private const int Step = 2, MaxDepth = 32;

    /// <param name="json">Valid, without white space between its parts.</param>
    public static string Of(string json)
    {
        var output = new StringBuilder(json.Length * 2);
        var depth = 0;
        for (var i = 0; i < json.Length; i++)
        {
            switch (json[i])
            {
                case '"':
                    var end = EndOfString(json, i);
                    output.Append(json, i, end - i);
                    i = end - 1;
                    break;
                case '{' or '[' when i + 1 < json.Length && json[i + 1] is '}' or ']':
                    output.Append(json, i++, 2);
                    break;
                case '{' or '[':
                    Break(output.Append(json[i]), ++depth);
                    break;
                case '}' or ']':
                    Break(output, --depth).Append(json[i]);
                    break;
                case ',':
                    Break(output.Append(','), depth);
                    break;
                case ':':
                    output.Append(": ");
                    break;
                default:
                    output.Append(json[i]);
                    break;
            }
        }

        return output.ToString();
    }

    private static int EndOfString(string json, int at)
    {
        for (var i = at + 1; i < json.Length; i++)
        {
            switch (json[i])
            {
                case '\\':
                    i++;
                    break;
                case '"':
                    return i + 1;
            }
        }

        return json.Length;
    }

    private static StringBuilder Break(StringBuilder output, int depth) => output.Append('\n').Append(' ', Step * Math.Clamp(depth, 0, MaxDepth));
}
