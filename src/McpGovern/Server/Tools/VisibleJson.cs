using System.Globalization;
using System.Text;

namespace McpGovern.Server;

/// <summary>Escapes what a reader could not see or would misread (control, bidi and zero-width characters, fillers), changing no meaning of the JSON.</summary>
internal static class VisibleJson
{
    // The one control character that JSON lets into a string unescaped.
    private const char Delete = '\x7f';

    public static string Of(string json)
    {
        if (json.All(c => c < Delete))
        {
            return json;
        }

        var output = new StringBuilder(json.Length);
        foreach (var rune in json.EnumerateRunes())
        {
            if (rune.Value < Delete || !IsInvisible(rune))
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
