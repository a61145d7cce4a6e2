namespace McpGovern.Upstreams;

/// <summary>Who asks about a task: nobody waits at the other end, and nobody can be asked in the middle of it.</summary>
/// <param name="capabilities">JSON object of what the task's caller declared.</param>
internal sealed class TaskCaller(string capabilities) : ICallerSide
{
    public string Capabilities => capabilities;

    /// <summary>The extension is declared, or the upstream would not know the method. An answer is never a task all the same.</summary>
    public bool TakesTasks => true;

    public string? LogLevel => null;

    public ValueTask LogAsync(string paramsJson) => default;

    public Task<CallerReply> AskAsync(string method, string? paramsJson, CancellationToken ct) =>
        Task.FromResult<CallerReply>(new CallerReply.None("nobody waits for the call"));
}
