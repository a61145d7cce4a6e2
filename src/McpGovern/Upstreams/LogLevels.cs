namespace McpGovern.Upstreams;

/// <summary>The levels of log messages, as the protocol orders them.</summary>
internal static class LogLevels
{
    private static readonly string[] Lowest = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    /// <summary>Where it stands, the lowest at 0; -1 for a word that is none.</summary>
    public static int Rank(string? level) => Array.IndexOf(Lowest, level);
}
