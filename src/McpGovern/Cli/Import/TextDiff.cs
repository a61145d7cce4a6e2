using System.Text;

namespace McpGovern.Cli;

/// <summary>What one replaced stretch changes in a text, as <c>diff -u</c> shows it.</summary>
internal static class TextDiff
{
    private const int Context = 3;

    public static string Of(string before, string oldText, string after, string newText)
    {
        string[] old = Lines(oldText), @new = Lines(newText);
        var shorter = Math.Min(old.Length, @new.Length);
        var same = 0;
        while (same < shorter && old[same] == @new[same])
        {
            same++;
        }

        var tail = 0;
        while (tail < shorter - same && old[^(tail + 1)] == @new[^(tail + 1)])
        {
            tail++;
        }

        var (from, behind) = (Math.Max(0, same - Context), Math.Min(tail, Context));
        var text = new StringBuilder($"--- {Shown(before)}\n+++ {Shown(after)}\n@@ -{Range(old)} +{Range(@new)} @@\n");
        Add(' ', old[from..same]);
        Add('-', old[same..^tail]);
        Add('+', @new[same..^tail]);
        Add(' ', old[^tail..][..behind]);
        return text.ToString();

        string Range(string[] lines) => lines.Length == 0 ? "0,0" : $"{from + 1},{lines.Length - tail + behind - from}";

        void Add(char mark, string[] lines) => text.Append(string.Concat(lines.Select(line => $"{mark}{Shown(line)}\n")));
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : (text.EndsWith('\n') ? text[..^1] : text).Split('\n');

    // Comments may hold what a terminal obeys.
    private static string Shown(string line) => string.Join('\t', line.TrimEnd('\r').Split('\t').Select(Printed.Line));
}
