namespace McpGovern.Calls;

/// <summary>What came of a command: the call as it now stands, what was appended, or why nothing was.</summary>
/// <param name="Busy">Races were lost beyond the retry limit.</param>
internal sealed record Executed(LoadedCall Call, IReadOnlyList<CallEvent> New, Refusal? Refusal, bool Busy = false)
{
    /// <summary>An open call with the same attach key, which stood in the way of a new one.</summary>
    public string? OpenCall { get; init; }

    /// <summary>The call that holds the same effect, which stood in the way of a new one.</summary>
    public string? EffectHolder { get; init; }
}
