namespace McpGovern.Upstreams;

/// <summary>The caller of one call, as far as its upstream may turn to it before it answers.</summary>
internal interface ICallerSide
{
    /// <summary>JSON object: what of <c>elicitation</c>, <c>sampling</c> and <c>roots</c> this very caller declared.</summary>
    string Capabilities { get; }

    /// <summary>Whether it can be given a task in place of this call's answer.</summary>
    bool TakesTasks => false;

    /// <summary>The lowest level of log messages that it wants; <c>null</c> where it named none.</summary>
    string? LogLevel { get; }

    /// <param name="paramsJson">A log message's params as the upstream wrote them.</param>
    ValueTask LogAsync(string paramsJson);

    /// <summary>Never throws for what a caller may do; a caller that does not answer is given up with <paramref name="ct"/>.</summary>
    /// <param name="paramsJson">The request's params as the upstream wrote them, or <c>null</c>.</param>
    Task<CallerReply> AskAsync(string method, string? paramsJson, CancellationToken ct);
}

/// <summary>What came of asking a caller.</summary>
internal abstract record CallerReply
{
    private CallerReply()
    {
    }

    /// <param name="Json">The JSON-RPC result as the caller wrote it.</param>
    public sealed record Result(ReadOnlyMemory<byte> Json) : CallerReply;

    /// <summary>The caller answered with a JSON-RPC error.</summary>
    public sealed record Error(int Code, string Message) : CallerReply;

    /// <summary>It was not asked, or did not answer.</summary>
    public sealed record None(string Why) : CallerReply;
}
