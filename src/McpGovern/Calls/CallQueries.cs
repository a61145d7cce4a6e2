namespace McpGovern.Calls;

/// <summary>What may be looked at, by whom: the same lists and views for every door.</summary>
internal sealed class CallQueries
{
    /// <summary>One page of the calls that the actor may see, newest first.</summary>
    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    public Task<CallList> ListAsync(Actor actor, CallFilter filter, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>The call with its result, or <c>null</c> where there is none that the actor may see.</summary>
    /// <param name="target">An id in any spelling; a malformed one is told apart by <see cref="CallId.TryParse"/> before.</param>
    public Task<CallView?> FindAsync(Actor actor, string target, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>The answer for an agent that asks for a call's result: the upstream's own when there is one, else where the call stands.</summary>
    /// <param name="door"><c>jamjet_result</c>, <c>rest</c> or <c>cli</c>; recorded with the first delivery.</param>
    public Task<CallAnswer?> ResultAsync(Actor actor, string target, string door, CancellationToken ct) => throw new NotImplementedException();
}

/// <param name="Statuses">Empty for all.</param>
internal sealed record CallFilter(IReadOnlyCollection<string> Statuses, int Limit = 50)
{
    public string? Cursor { get; init; }
    public string? Server { get; init; }
    public string? Tool { get; init; }
    public string? RequestedBy { get; init; }
}

internal sealed record CallList(
    [property: System.Text.Json.Serialization.JsonPropertyName("calls")] IReadOnlyList<CallView> Calls,
    [property: System.Text.Json.Serialization.JsonPropertyName("next_cursor")] string? NextCursor);
