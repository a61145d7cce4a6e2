using System.Text.Json.Serialization;

namespace McpGovern.Calls;

/// <summary>What every door answers to a decision: the word, where it leads, and what is recorded.</summary>
/// <param name="Answer">One of the codes of <see cref="AnswerCode"/>.</param>
/// <param name="Message">For people; not part of the JSON that all doors share.</param>
internal sealed record DecisionAnswer(
    [property: JsonPropertyName("answer")] string Answer,
    [property: JsonPropertyName("accepted")] bool Accepted,
    [property: JsonPropertyName("call_id")] string? CallId,
    [property: JsonPropertyName("execution_id")] string? ExecutionId,
    [property: JsonPropertyName("node_id")] string? NodeId,
    [property: JsonPropertyName("status")] string? Status,
    [property: JsonPropertyName("decision")] DecisionView? Decision,
    [property: JsonIgnore] string Message)
{
    /// <summary>How many approvals there are and how many it takes.</summary>
    [JsonPropertyName("approvals"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ApprovalCount? Approvals { get; init; }

    /// <summary>The calls that an ambiguous question could mean.</summary>
    [JsonPropertyName("candidates"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Candidate>? Candidates { get; init; }

    /// <summary>The successor of an invalidated call.</summary>
    [JsonPropertyName("superseded_by"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SupersededBy { get; init; }

    /// <summary>Among several decisions in one message: the HTTP status that this one would have had by itself.</summary>
    [JsonPropertyName("http_status"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? HttpStatus { get; init; }

    /// <summary>Likewise the message, for people.</summary>
    [JsonPropertyName("detail"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }
}

/// <summary>The answers to several decisions, in their order.</summary>
internal sealed record DecidedBatch([property: JsonPropertyName("decisions")] IReadOnlyList<DecisionAnswer> Decisions);

internal sealed record Candidate(
    [property: JsonPropertyName("call_id")] string CallId,
    [property: JsonPropertyName("node_id")] string NodeId);

/// <summary>What is asked of a decision, whichever door it came in by. Who asks is the actor, never a member.</summary>
/// <param name="Target">A call or execution id in any spelling.</param>
/// <param name="Decision"><c>approved</c> or <c>rejected</c>.</param>
/// <param name="Via"><c>mcp</c>, <c>rest</c>, <c>cli</c>, <c>console</c> or <c>elicitation</c>.</param>
internal sealed record DecisionRequest(Actor Actor, string? Target, string? Decision, string Via)
{
    public string? NodeId { get; init; }
    public string? Comment { get; init; }
    public string? ExpectedHash { get; init; }
    public string? IdempotencyKey { get; init; }
}

/// <param name="Outcome"><c>succeeded</c> or <c>failed</c>: what a person found out of a call whose outcome is unknown.</param>
internal sealed record ResolveRequest(Actor Actor, string? Target, string Via, string? Outcome, string? Comment);

internal sealed record CancelRequest(Actor Actor, string? Target, string Via, string? Reason);
