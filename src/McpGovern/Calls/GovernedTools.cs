namespace McpGovern.Calls;

/// <summary>The tools that agents see, and which upstream tool each name stands for.</summary>
internal sealed class GovernedTools
{
    /// <summary>Raised when what <see cref="ListAsync"/> answers may have changed.</summary>
    public event Action? Changed;

    /// <summary>The definitions (JSON objects, under their advertised names) of the tools that the actor may at least request, in a stable order.</summary>
    public Task<IReadOnlyList<string>> ListAsync(Actor actor, CancellationToken ct) => throw new NotImplementedException();

    internal void RaiseChanged() => Changed?.Invoke();
}
