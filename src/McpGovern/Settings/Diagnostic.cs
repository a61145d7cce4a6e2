namespace McpGovern.Settings;

/// <summary>One fault of a file: where it is, what is wrong, and what to write instead.</summary>
internal sealed record Diagnostic(string File, int Line, string Problem, string Cure)
{
    public override string ToString() => Line > 0 ? $"{File}:{Line}: {Problem}; {Cure}" : $"{File}: {Problem}; {Cure}";
}
