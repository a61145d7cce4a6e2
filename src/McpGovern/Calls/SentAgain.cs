namespace McpGovern.Calls;

/// <summary>What became of sending a dead process's call once more.</summary>
internal enum SentAgain
{
    /// <summary>It was sent, or another process was first.</summary>
    Done,

    /// <summary>It may be sent, by this process or another, and could not be now.</summary>
    Later,

    /// <summary>Nobody may: its outcome is unknown.</summary>
    Never,
}
