using System.Buffers;
using System.Globalization;
using System.Text;

namespace McpGovern.Wire;

/// <summary>Escapes what a reader could not see or would misread (control, bidi and zero-width characters, fillers), changing no meaning of the JSON.</summary>
internal static class VisibleJson
{
    // The one control character that JSON lets into a string unescaped.
    private const char Delete = '\x7f';

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdefABCDEF");

    // What a stack of marks on one letter can cover up begins above what languages need.
    private const int MostMarks = 4;

    public static string Of(string json) => Escape(json, IsInvisible, isText: false);

    /// <summary>Escapes everything outside ASCII: letters of two scripts can look alike.</summary>
    public static string Ascii(string json) => Escape(json, _ => true, isText: false);

    /// <summary>
    /// One line of text, whatever it holds: what a terminal or a page would obey or hide is shown as an escape, and text that looks like an
    /// escape too, so that each line stands for one text only.
    /// </summary>
    public static string Line(string text) => Escape(text, IsInvisible, isText: true);

    /// <summary>The same for several lines, each of which a line feed ends.</summary>
    public static string Lines(string text) => string.Join('\n', text.Split('\n').Select(Line));

    private static string Escape(string source, Func<Rune, bool> isEscaped, bool isText)
    {
        if (source.All(c => c < Delete && (!isText || c is >= ' ' and not '\\')))
        {
            return source;
        }

        var output = new StringBuilder(source.Length);
        var marks = 0;
        for (var i = 0; i < source.Length;)
        {
            var rest = source.AsSpan(i);
            var isWhole = Rune.DecodeFromUtf16(rest, out var rune, out var length) == OperationStatus.Done;
            marks = isWhole && IsMark(rune) ? marks + 1 : 0;
            var isPlain = isWhole && marks <= MostMarks && (rune.Value < Delete ? !isText || IsPlain(rest) : !isEscaped(rune));
            foreach (var unit in rest[..length])
            {
                _ = isPlain ? output.Append(unit) : output.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
            }

            i += length;
        }

        return output.ToString();
    }

    private static bool IsPlain(ReadOnlySpan<char> text) => text[0] >= ' ' && !LooksEscaped(text);

    private static bool LooksEscaped(ReadOnlySpan<char> text) =>
        text.Length >= 6 && text.StartsWith("\\u", StringComparison.Ordinal) && !text[2..6].ContainsAnyExcept(Hex);

    private static bool IsMark(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;

    private static bool IsInvisible(Rune rune) => rune.Value switch
    {
        // Fillers and selectors that count as letters or marks, yet show nothing.
        0x034f or 0x115f or 0x1160 or 0x17b4 or 0x17b5 or 0x2800 or 0x3164 or 0xffa0 => true,
        (>= 0x180b and <= 0x180f) or (>= 0xfe00 and <= 0xfe0f) or (>= 0xe0000 and <= 0xe0fff) => true,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned,
    };
}
