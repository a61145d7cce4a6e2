namespace McpGovern.Settings;

/// <summary>One fault of a file: where it is, what is wrong, and what to write instead.</summary>
internal sealed record Diagnostic(string File, int Line, string Problem, string Cure)
{
    private const int Longest = 300;

    /// <summary>One line, whatever the file holds.</summary>
    public override string ToString() =>
        Line > 0 ? $"{File}:{Line}: {Shown(Problem)}; {Shown(Cure)}" : $"{File}: {Shown(Problem)}; {Shown(Cure)}";

    private static string Shown(string text)
    {
        var line = string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
        return line.Length <= Longest ? line : $"{line[..Longest]}...";
    }
}
