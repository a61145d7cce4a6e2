namespace McpGovern.Policy;

/// <summary>A pattern where <c>*</c> is any run of characters, <c>?</c> is one, and everything else is itself.</summary>
public sealed class Glob(string pattern, bool ignoreCase = false)
{
    /// <summary>Longer patterns are refused when they are read.</summary>
    public const int MaxLength = 256;

    public string Pattern { get; } = pattern;

    public static bool HasWildcard(string pattern) => pattern.AsSpan().ContainsAny('*', '?');

    public bool IsMatch(ReadOnlySpan<char> text) => IsMatch(Pattern, text, ignoreCase);

    /// <summary>
    /// Keeps one place to return to, the last star: an earlier star never has to be tried again, because whatever it could
    /// give up the later one can take. No recursion, and steps bounded by the product of the two lengths.
    /// </summary>
    public static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text, bool ignoreCase)
    {
        int p = 0, t = 0, star = -1, resume = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = t;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || Same(pattern[p], text[t], ignoreCase)))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++resume;
            }
            else
                return false;
        }
        return !pattern[p..].ContainsAnyExcept('*');
    }

    private static bool Same(char a, char b, bool ignoreCase) =>
        a == b || (ignoreCase && char.ToUpperInvariant(a) == char.ToUpperInvariant(b));
}
