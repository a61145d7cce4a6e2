using System.Globalization;
using System.Text;
using System.Text.Json;

namespace McpGovern.Calls;

/// <summary>Looks for words in a definition that are aimed at the model that reads it, and for what people do not see.</summary>
/// <remarks>A hint for whoever looks at the change, no protection: the change is gated whatever it says.</remarks>
internal static class ModelText
{
    private const int MuchLonger = 500;

    private static readonly string[] Phrases =
    [
        "ignore previous", "ignore all", "ignore any", "ignore the", "disregard", "forget your", "forget all", "override your", "new instructions", "system prompt",
        "do not tell", "don't tell", "do not mention", "don't mention", "do not inform", "without telling", "without asking", "keep this secret", "hidden from",
        "you must", "you should always", "always call", "always use", "before using", "before calling", "before you", "instead of using", "first call", "first read",
        "<important", "<system", "<instruction", "[system", "### instruction", "your instructions", "the assistant must", "as the assistant", "read the file", "~/.ssh",
        ".env file", "password", "api key", "credentials",
    ];

    /// <summary>Something of the kind is there now that was not before, or the text became much longer.</summary>
    public static bool IsSuspect(JsonElement before, JsonElement after)
    {
        var (old, now) = (new StringBuilder(), new StringBuilder());
        Gather(before, old, counts: false);
        Gather(after, now, counts: false);
        var (oldText, nowText) = (old.ToString(), now.ToString());
        return Marks(nowText).Except(Marks(oldText)).Any() || (nowText.Length > oldText.Length + MuchLonger && nowText.Length > oldText.Length * 2);
    }

    /// <summary>One space for any run of the white space that people type.</summary>
    public static string Plain(string? text) => string.Join(' ', (text ?? "").Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries));

    private static HashSet<string> Marks(string text)
    {
        var plain = Plain(text).ToLowerInvariant();
        var marks = new HashSet<string>(Phrases.Where(phrase => plain.Contains(phrase, StringComparison.Ordinal)), StringComparer.Ordinal);
        foreach (var word in plain.Split(' ').Where(word => word.Contains("://", StringComparison.Ordinal) || word.Contains("data:", StringComparison.Ordinal)))
        {
            marks.Add(word);
        }

        foreach (var rune in text.EnumerateRunes().Where(IsHidden))
        {
            marks.Add(string.Create(CultureInfo.InvariantCulture, $"U+{rune.Value:X4}"));
        }

        return marks;
    }

    // Control, bidi, zero-width and tag characters, and the selectors that can carry text unseen.
    private static bool IsHidden(Rune rune) => rune.Value is not ('\t' or '\r' or '\n')
        && (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            || rune.Value is 0xFFFD or 0x115F or 0x1160 or 0x3164 or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0000 and <= 0xE0FFF));

    // Every text of a definition that a model is shown: also names of arguments and their defaults.
    private static void Gather(JsonElement of, StringBuilder into, bool counts)
    {
        switch (of.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in of.EnumerateObject().Where(member => counts || Counted.Contains(member.Name)))
                {
                    into.Append(counts ? member.Name : "").Append('\n');
                    Gather(member.Value, into, counts: true);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in of.EnumerateArray())
                {
                    Gather(item, into, counts: true);
                }

                break;
            case JsonValueKind.String:
                into.Append(Text(of)).Append('\n');
                break;
            default:
                break;
        }
    }

    private static readonly HashSet<string> Counted = new(["title", "description", "inputSchema", "outputSchema", "annotations"], StringComparer.Ordinal);

    // A lone surrogate has no text: it is shown as what it is.
    private static string Text(JsonElement of)
    {
        try
        {
            return of.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD";
        }
    }
}
