namespace McpGovern.Upstreams;

/// <summary>
/// The caller of a gated call, while it waits. What it says in the middle of the call nobody has approved: it may be given a question
/// as the call's answer, and its reply is a call of its own; it is never asked while the call runs.
/// </summary>
internal sealed class HeldCaller(ICallerSide caller) : ICallerSide
{
    public string Capabilities => caller.Capabilities;

    public string? LogLevel => caller.LogLevel;

    public ValueTask LogAsync(string paramsJson) => caller.LogAsync(paramsJson);

    public Task<CallerReply> AskAsync(string method, string? paramsJson, CancellationToken ct) =>
        Task.FromResult<CallerReply>(new CallerReply.None("the call was approved as it is"));
}
