namespace McpGovern.Server;

/// <summary>The level of log messages that the client of one connection asked for; <c>null</c> as long as it asked for none.</summary>
internal sealed class SessionLog
{
    private volatile string? _level;

    public string? Level
    {
        get => _level;
        set => _level = value;
    }
}
