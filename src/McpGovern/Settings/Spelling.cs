namespace McpGovern.Settings;

/// <summary>Guesses what somebody meant to write.</summary>
internal static class Spelling
{
    /// <summary>"did you mean 'x'?" where a known word is near, else the list of known words.</summary>
    public static string Cure(string written, IReadOnlyList<string> known)
    {
        var nearest = known.MinBy(k => Distance(written.ToUpperInvariant(), k.ToUpperInvariant()));
        return nearest is not null && Distance(written.ToUpperInvariant(), nearest.ToUpperInvariant()) <= Math.Max(1, nearest.Length / 3)
            ? $"did you mean '{nearest}'?"
            : $"use {Choice(known)}";
    }

    /// <summary>Whether the one is the other but for case and at most one letter.</summary>
    public static bool IsSlip(string written, string known) => Distance(written.ToUpperInvariant(), known.ToUpperInvariant()) <= 1;

    /// <summary><c>a, b or c</c>.</summary>
    public static string Choice(IReadOnlyList<string> words) =>
        words.Count < 2 ? string.Concat(words) : $"{string.Join(", ", words.SkipLast(1))} or {words[^1]}";

    /// <summary>How many letters have to be added, dropped or changed. A long word is near nothing, and not worth the table.</summary>
    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > b.Length)
            return int.MaxValue;
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (row[j], diagonal) = (Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)), row[j]);
        }
        return row[^1];
    }
}
