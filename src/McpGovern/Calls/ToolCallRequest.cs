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
