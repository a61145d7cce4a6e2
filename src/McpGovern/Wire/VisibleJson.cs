using System.Globalization;
using System.Text;

namespace McpGovern.Wire;

/// <summary>Escapes what a reader could not see or would misread (control, bidi and zero-width characters, fillers), changing no meaning of the JSON.</summary>
internal static class VisibleJson
{
    // The one control character that JSON lets into a string unescaped.
    private const char Delete = '\x7f';

    public static string Of(string json) => Escape(json, IsInvisible);

    /// <summary>Escapes everything outside ASCII: letters of two scripts can look alike.</summary>
    public static string Ascii(string json) => Escape(json, _ => true);

    /// <summary>One line of text, whatever it holds: what a terminal or a page would obey or hide is shown as an escape.</summary>
    public static string Line(string text) => Of(string.Concat(text.Select(c => c < ' ' ? $"\\u{(int)c:x4}" : c.ToString())));

    /// <summary>The same for several lines.</summary>
    public static string Lines(string text) => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(Line));

    private static string Escape(string json, Func<Rune, bool> isEscaped)
    {
        if (json.All(c => c < Delete))
        {
            return json;
        }

        var output = new StringBuilder(json.Length);
        foreach (var rune in json.EnumerateRunes())
        {
            if (rune.Value < Delete || !isEscaped(rune))
            {
                output.Append(rune);
                continue;
            }

            foreach (var unit in rune.ToString())
            {
                output.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
            }
        }

        return output.ToString();
    }

    private static bool IsInvisible(Rune rune) => rune.Value switch
    {
        // Fillers and selectors that count as letters or marks, yet show nothing.
        0x034f or 0x115f or 0x1160 or 0x17b4 or 0x17b5 or 0x2800 or 0x3164 or 0xffa0 => true,
        (>= 0x180b and <= 0x180f) or (>= 0xfe00 and <= 0xfe0f) or (>= 0xe0000 and <= 0xe0fff) => true,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned,
    };
}
