namespace McpGovern.Calls;

/// <summary>A further round of a call whose upstream had questions: a call of its own, under the policy of its own moment.</summary>
/// <param name="CallId">The call that the upstream answered with questions; <c>null</c> where nobody asked.</param>
/// <param name="InputResponses">JSON text of the answers; <c>null</c> where there was only a state to bring back.</param>
/// <param name="RequestState">JSON text of the upstream's own state, or <c>null</c>.</param>
internal sealed record Continuation(string? CallId, string? InputResponses, string? RequestState)
{
    /// <summary>The id that the round before was recorded to go on as; <c>null</c> where nothing was said of it.</summary>
    public string? Next { get; init; }

    /// <summary>What the agent said for itself with the round before: it holds on where it says nothing new.</summary>
    public string? Justification { get; init; }

    /// <summary>A task's round: what comes of it is kept, also where policy lets it pass by now.</summary>
    public bool IsKept { get; init; }
}
