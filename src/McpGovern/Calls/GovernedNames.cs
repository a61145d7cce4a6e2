namespace McpGovern.Calls;

/// <summary>What a call asks for, whatever its method.</summary>
internal sealed record GovernedNames(GovernedTools Tools, GovernedResources Resources, GovernedPrompts Prompts)
{
    public Task<GovernedTool?> FindAsync(ToolCallRequest request, CancellationToken ct) => request.Method switch
    {
        CallMethod.Tool when request.Server is { } server => Tools.FindAsync(server, request.Name, ct),
        CallMethod.Tool => Tools.FindAsync(request.Name, ct),
        CallMethod.Resource => Resources.FindAsync(request.Name, ct),
        CallMethod.Prompt => Prompts.FindAsync(request.Name, ct),
        _ => Task.FromResult<GovernedTool?>(null),
    };
}
