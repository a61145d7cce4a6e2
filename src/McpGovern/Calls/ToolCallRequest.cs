using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>One <c>tools/call</c>, or another of <see cref="CallMethod"/>, as a door received it.</summary>
/// <param name="Name">The advertised name, or a resource's address.</param>
/// <param name="ArgumentsJson">The JSON text of the arguments, verbatim; <c>{}</c> where there were none. Of a resource: its <c>uri</c>.</param>
internal sealed record ToolCallRequest(Actor Actor, string Name, string ArgumentsJson)
{
    public string Method { get; init; } = CallMethod.Tool;

    /// <summary>The client's own <c>_meta["mcpgovern/idempotency-key"]</c>.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>The client's own <c>_meta["mcpgovern/justification"]</c>: what the agent says for itself. See <see cref="UnverifiedText"/>.</summary>
    public string? Justification { get; init; }

    /// <summary>The JSON text of the <c>_meta</c> that may travel on: without progress token, <c>io.modelcontextprotocol/*</c> and <c>mcpgovern/*</c>.</summary>
    public string? MetaJson { get; init; }

    public string? Traceparent { get; init; }

    public ClientInfo? Client { get; init; }

    /// <summary>Where progress goes, if the client asked for it.</summary>
    public ICallProgress? Progress { get; init; }

    /// <summary>The caller itself, whom an upstream may turn to while it waits.</summary>
    public ICallerSide? Caller { get; init; }

    /// <summary>The round before, where the call brings the answers to its upstream's questions.</summary>
    public Continuation? Continues { get; init; }

    /// <summary>JSON text of what the caller declared: of <c>elicitation</c>, <c>sampling</c>, <c>roots</c> and the tasks extension.</summary>
    public string? ClientCapabilities { get; init; }

    /// <summary>The server whose tool <see cref="Name"/> is, under the tool's own name: of a call that comes from a record.</summary>
    public string? Server { get; init; }

    /// <summary>Nobody waits for it: the answer is <see cref="CallAnswer.Parked"/> as soon as it is recorded, and it is sent beside that.</summary>
    public bool Alone { get; init; }

    /// <summary>A call that waits for a decision is answered with <see cref="CallAnswer.Parked"/>, without holding.</summary>
    public bool AnswerParkedAtOnce { get; init; }

    /// <summary>How the caller's own client is asked about a call that is parked, if it can be.</summary>
    public ICallAsk? Ask { get; init; }

    /// <summary>How long this caller waits at least, where that is longer than the hold.</summary>
    public TimeSpan Patience { get; init; }
}

/// <summary>Puts a parked call to the caller's own client: once for each call, whoever sends it again.</summary>
internal interface ICallAsk
{
    /// <summary>The question as the answer to this request, where that is how the client is asked; it comes back with a new request.</summary>
    Task<CallAnswer?> InsteadAsync(LoadedCall call, CancellationToken ct);

    /// <summary>Asks beside the wait for the decision, and ends with it; whatever goes wrong, the call stays as it is.</summary>
    Task BesideAsync(LoadedCall call, CancellationToken ct);
}

/// <summary>Relays progress to the asking client, in order.</summary>
internal interface ICallProgress
{
    /// <param name="paramsJson">A progress notification's params as a JSON object, without the token.</param>
    ValueTask ReportAsync(string paramsJson);
}

/// <summary>What goes back to the asking client.</summary>
internal abstract record CallAnswer
{
    /// <param name="Json">A <c>CallToolResult</c> as UTF-8 JSON, to be passed on byte for byte.</param>
    internal sealed record Result(ReadOnlyMemory<byte> Json) : CallAnswer;

    /// <summary>A JSON-RPC error.</summary>
    internal sealed record Error(int Code, string Message, string? DataJson) : CallAnswer;

    /// <summary>The upstream has questions first; the caller's answers come back as a <see cref="Continuation"/> of this call.</summary>
    /// <param name="Json">The upstream's result: <c>inputRequests</c>, or <c>requestState</c>, or both.</param>
    internal sealed record InputRequired(LoadedCall Call, ReadOnlyMemory<byte> Json) : CallAnswer;

    /// <summary>
    /// The call goes on without its caller, who asked for <see cref="ToolCallRequest.AnswerParkedAtOnce"/> or <see cref="ToolCallRequest.Alone"/>.
    /// </summary>
    internal sealed record Parked(LoadedCall Call) : CallAnswer;
}
