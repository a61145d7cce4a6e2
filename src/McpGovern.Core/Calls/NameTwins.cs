using System.Text;

namespace McpGovern.Calls;

/// <summary>Finds tools of several servers whose own names are one name to who reads them.</summary>
/// <remarks>Agents see <c>server__tool</c> and policy compares exactly; a person or a model that goes by the tool's name alone may take one for the other.</remarks>
public static class NameTwins
{
    // Look-alikes and what they are taken for; Cyrillic and Greek first.
    private static readonly Dictionary<char, char> Alike =
        "\u0430a \u0435e \u043Eo \u0440p \u0441c \u0445x \u0443y \u0456l \u0458j \u0455s \u0501d \u04BBh \u04CFl \u03BFo \u03B1a \u03BDv \u03C1p \u03B9l \u03C5u \u03BAk \u03C4t 0o 1l |l il"
            .Split(' ').ToDictionary(pair => pair[0], pair => pair[1]);

    private const string Separators = "_-. /:";

    /// <summary>Groups of at least two, of at least two servers, in a stable order.</summary>
    public static IReadOnlyList<IReadOnlyList<(string Server, string Tool)>> Find(IEnumerable<(string Server, string Tool)> tools)
    {
        ArgumentNullException.ThrowIfNull(tools);
        return
        [
            .. tools.Distinct().GroupBy(tool => Skeleton(tool.Tool), StringComparer.Ordinal)
                .Where(group => group.Select(tool => tool.Server).Distinct(StringComparer.Ordinal).Skip(1).Any())
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => group.OrderBy(tool => tool.Server, StringComparer.Ordinal).ThenBy(tool => tool.Tool, StringComparer.Ordinal).ToArray()),
        ];
    }

    /// <summary>The name without what eyes pass over: case, separators, look-alikes and characters that are not shown.</summary>
    internal static string Skeleton(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes().Where(rune => Rune.GetUnicodeCategory(rune) is not System.Globalization.UnicodeCategory.Format))
        {
            var c = Rune.ToLowerInvariant(rune).ToString() is [var one] ? Wide(one) : '\0';
            if (c == '\0')
            {
                text.Append(rune.ToString());
            }
            else if (!Separators.Contains(c, StringComparison.Ordinal))
            {
                text.Append(Alike.GetValueOrDefault(c, c));
            }
        }

        return text.ToString();
    }

    // The full-width forms of ASCII.
    private static char Wide(char c) => c is >= '\uFF01' and <= '\uFF5E' ? char.ToLowerInvariant((char)(c - 0xFEE0)) : c;
}
