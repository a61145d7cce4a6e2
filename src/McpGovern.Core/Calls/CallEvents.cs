using System.Text.Json.Serialization;
using JsonName = System.Text.Json.Serialization.JsonPropertyNameAttribute;

namespace McpGovern.Calls;

/// <summary>
/// What happened to one call. Stored for ever, and read by others from the database: add members, never rename or remove them;
/// every member has its JSON name pinned, and values are strings, not enums.
/// </summary>
public abstract record CallEvent([property: JsonName("at")] DateTimeOffset At);

/// <summary>Who or what called, by its own account: recorded, never believed.</summary>
public sealed record ClientInfo([property: JsonName("name")] string? Name, [property: JsonName("version")] string? Version);

/// <summary>A call as it came in. <c>arguments</c> is the JSON text as received less insignificant white space.</summary>
public sealed record CallSubmitted(
    [property: JsonName("scope")] string Scope,
    [property: JsonName("server")] string Server,
    [property: JsonName("tool")] string Tool,
    [property: JsonName("upstream_fingerprint")] string UpstreamFingerprint,
    [property: JsonName("arguments")] string Arguments,
    [property: JsonName("arguments_hash")] string ArgumentsHash,
    [property: JsonName("tool_definition_hash")] string ToolDefinitionHash,
    [property: JsonName("requested_by")] string RequestedBy,
    [property: JsonName("credential")] string Credential,
    [property: JsonName("session")] string? Session,
    [property: JsonName("client")] ClientInfo? Client,
    [property: JsonName("execution_id")] string ExecutionId,
    [property: JsonName("node_id")] string NodeId,
    [property: JsonName("tenant")] string Tenant,
    [property: JsonName("attach_key")] string AttachKey,
    [property: JsonName("meta")] string? Meta,
    [property: JsonName("traceparent")] string? Traceparent,
    [property: JsonName("supersedes")] string? Supersedes,
    [property: JsonName("supersedes_because")] string? SupersedesBecause,
    [property: JsonName("earlier_call")] string? EarlierCall,
    DateTimeOffset At) : CallEvent(At)
{
    /// <summary>What is sent to the upstream: <c>resources/read</c> or <c>prompts/get</c>; <c>null</c> for <c>tools/call</c>.</summary>
    [JsonName("method")] public string? Method { get; init; }

    /// <summary>A call of the same tool, by the same requester or with the same arguments, that was rejected shortly before this one was asked.</summary>
    [JsonName("rejected_recently"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? RejectedRecently { get; init; }

    /// <summary>The call whose upstream asked for the input that this one brings.</summary>
    [JsonName("continues"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Continues { get; init; }

    /// <summary>JSON text of the answers to what that upstream asked; it goes upstream as it stands.</summary>
    [JsonName("input_responses"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? InputResponses { get; init; }

    /// <summary>JSON text of what that upstream gave along to find its way back; it goes upstream as it stands.</summary>
    [JsonName("request_state"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? RequestState { get; init; }

    /// <summary>
    /// JSON text of what the caller declared that it can be asked, where it got the call as a task and does not wait for the answer. Part of
    /// neither the call hash nor the attach key: it says what the caller may be asked later, not what runs.
    /// </summary>
    [JsonName("client_capabilities"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ClientCapabilities { get; init; }

    /// <summary>
    /// What the agent says for itself about this call: a claim, at most 2,000 characters. Part of neither the call hash nor the attach key,
    /// for it is not what runs.
    /// </summary>
    [JsonName("justification"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Justification { get; init; }

    /// <summary>What it does in the world, where the policy names that.</summary>
    [JsonName("effect")] public string? Effect { get; init; }

    /// <summary>Of all calls with one key, at most one may be open, unknown or succeeded.</summary>
    [JsonName("effect_key")] public string? EffectKey { get; init; }

    /// <summary>The one upstream session in which it may run, where the policy ties it to that.</summary>
    [JsonName("upstream_session"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public UpstreamSession? UpstreamSession { get; init; }
}

/// <param name="Process">Whose connection it is.</param>
public sealed record UpstreamSession([property: JsonName("process")] string Process, [property: JsonName("connection")] string Connection);

public sealed record CallAllowed(
    [property: JsonName("rule")] string Rule,
    [property: JsonName("rule_source")] string RuleSource,
    [property: JsonName("audited")] bool Audited,
    DateTimeOffset At) : CallEvent(At);

public sealed record CallDenied(
    [property: JsonName("rule")] string Rule,
    [property: JsonName("rule_source")] string RuleSource,
    [property: JsonName("reason")] string? Reason,
    DateTimeOffset At) : CallEvent(At);

/// <summary>The call is parked. A <c>null</c> deadline or validity means never.</summary>
/// <param name="ValidForSeconds">Seconds that an approval is good for after the decision that completes it.</param>
/// <param name="PolicyActivatedAt">When the deciding policy set became active in the process that parked the call.</param>
public sealed record ToolApprovalRequired(
    [property: JsonName("rule")] string Rule,
    [property: JsonName("rule_source")] string RuleSource,
    [property: JsonName("rule_digest")] string RuleDigest,
    [property: JsonName("call_hash")] string CallHash,
    [property: JsonName("approvers")] IReadOnlyList<string> Approvers,
    [property: JsonName("quorum")] int Quorum,
    [property: JsonName("human_required")] bool HumanRequired,
    [property: JsonName("self_approval")] bool SelfApproval,
    [property: JsonName("comment_required")] string CommentRequired,
    [property: JsonName("deadline")] DateTimeOffset? Deadline,
    [property: JsonName("valid_for")] double? ValidForSeconds,
    [property: JsonName("idempotent")] bool Idempotent,
    [property: JsonName("policy_activated_at")] DateTimeOffset PolicyActivatedAt,
    DateTimeOffset At) : CallEvent(At)
{
    /// <summary>How the caller's own client is asked: <c>url</c>, <c>form</c> or <c>never</c>; <c>null</c> in older records means <c>url</c>.</summary>
    [JsonName("ask")] public string? Ask { get; init; }
}

/// <param name="Decision"><c>approved</c> or <c>rejected</c>.</param>
/// <param name="Via">The door: <c>mcp</c>, <c>rest</c>, <c>cli</c>, <c>console</c>, <c>elicitation</c> (a form in the caller's own client) or <c>grant</c>.</param>
/// <param name="Presence"><c>proven</c> or <c>unproven</c>.</param>
/// <param name="SelfApproved">The decider asked too, and the rule allows that.</param>
public sealed record ApprovalReceived(
    [property: JsonName("decider")] string Decider,
    [property: JsonName("decision")] string Decision,
    [property: JsonName("comment")] string? Comment,
    [property: JsonName("via")] string Via,
    [property: JsonName("presence")] string Presence,
    [property: JsonName("seen_hash")] string? SeenHash,
    [property: JsonName("auth_method")] string AuthMethod,
    [property: JsonName("credential")] string Credential,
    [property: JsonName("self_approval")] bool SelfApproved,
    DateTimeOffset At) : CallEvent(At)
{
    [JsonName("idempotency_key")] public string? IdempotencyKey { get; init; }

    /// <summary>The standing grant that approved it, given by the decider beforehand; its credential and presence are those of the giving.</summary>
    [JsonName("grant"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Grant { get; init; }
}

/// <param name="Deadline">The instant that passed: of the decision, or of an approval not dispatched in time.</param>
public sealed record ApprovalExpired([property: JsonName("deadline")] DateTimeOffset Deadline, DateTimeOffset At) : CallEvent(At);

/// <param name="Because"><c>policy</c>, <c>tool</c> or <c>upstream</c>.</param>
public sealed record ApprovalInvalidated(
    [property: JsonName("because")] string Because,
    [property: JsonName("detail")] string Detail,
    [property: JsonName("superseded_by")] string? SupersededBy,
    DateTimeOffset At) : CallEvent(At);

public sealed record CallCancelled(
    [property: JsonName("by")] string By,
    [property: JsonName("reason")] string? Reason,
    [property: JsonName("via")] string Via,
    DateTimeOffset At) : CallEvent(At);

/// <summary>Committed before a byte leaves.</summary>
public sealed record DispatchStarted(
    [property: JsonName("attempt")] int Attempt,
    [property: JsonName("process")] string Process,
    [property: JsonName("idempotency_key")] string IdempotencyKey,
    DateTimeOffset At) : CallEvent(At);

/// <summary>Provably nothing was sent.</summary>
public sealed record DispatchDeferred(
    [property: JsonName("why")] string Why,
    [property: JsonName("retry_at")] DateTimeOffset RetryAt,
    DateTimeOffset At) : CallEvent(At);

/// <summary>
/// The upstream answered with a task of its own, which the process asks about until it ends. Committed before the caller has a handle; once
/// more when another process takes it over.
/// </summary>
public sealed record UpstreamTaskFollowed(
    [property: JsonName("task_id")] string TaskId,
    [property: JsonName("process")] string Process,
    [property: JsonName("poll_interval_ms"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? PollIntervalMs,
    DateTimeOffset At) : CallEvent(At);

/// <summary>The caller's answers to what the upstream's task asked: committed before they are sent.</summary>
/// <param name="Responses">JSON text by the questions' keys; it goes upstream as it stands.</param>
public sealed record UpstreamTaskInput(
    [property: JsonName("by")] string By,
    [property: JsonName("responses")] string Responses,
    DateTimeOffset At) : CallEvent(At);

/// <param name="LatencyMs">Milliseconds from the dispatch to the answer.</param>
public sealed record CallSucceeded(
    [property: JsonName("result_hash")] string ResultHash,
    [property: JsonName("size")] long Size,
    [property: JsonName("is_error")] bool IsError,
    [property: JsonName("latency_ms")] double LatencyMs,
    DateTimeOffset At) : CallEvent(At)
{
    /// <summary>The upstream answered with questions: the caller's answers come in as a further call, which continues this one.</summary>
    [JsonName("input_required"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] public bool InputRequired { get; init; }
}

/// <param name="Reason">What failed, where no upstream answered: nothing was sent.</param>
public sealed record CallFailed(
    [property: JsonName("result_hash")] string? ResultHash,
    [property: JsonName("size")] long Size,
    [property: JsonName("is_error")] bool IsError,
    [property: JsonName("latency_ms")] double LatencyMs,
    [property: JsonName("reason")] string? Reason,
    DateTimeOffset At) : CallEvent(At)
{
    /// <summary>Its upstream says that the task which the call became was cancelled.</summary>
    [JsonName("cancelled"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] public bool Cancelled { get; init; }
}

/// <summary>The caller of a call that ended with questions answered some of them, or the last.</summary>
/// <param name="Responses">JSON text of an object: the answers newly given, by the questions' keys.</param>
/// <param name="ContinuedBy">The call that takes all answers on to the upstream, named with the last of them.</param>
public sealed record InputReceived(
    [property: JsonName("by")] string By,
    [property: JsonName("responses")] string Responses,
    [property: JsonName("continued_by")] string? ContinuedBy,
    DateTimeOffset At) : CallEvent(At);

/// <param name="Door"><c>call</c> (the answer to the agent's own call), <c>task</c> (to its task handle), <c>jamjet_result</c>, <c>rest</c> or <c>cli</c>.</param>
public sealed record ResultDelivered([property: JsonName("door")] string Door, DateTimeOffset At) : CallEvent(At);

public sealed record OutcomeUnknown([property: JsonName("why")] string Why, DateTimeOffset At) : CallEvent(At);

/// <param name="Outcome"><c>succeeded</c> or <c>failed</c>.</param>
public sealed record OutcomeArrivedLate(
    [property: JsonName("outcome")] string Outcome,
    [property: JsonName("result_hash")] string? ResultHash,
    [property: JsonName("size")] long Size,
    [property: JsonName("is_error")] bool IsError,
    DateTimeOffset At) : CallEvent(At);

/// <param name="Outcome"><c>succeeded</c> or <c>failed</c>.</param>
public sealed record OutcomeResolved(
    [property: JsonName("by")] string By,
    [property: JsonName("outcome")] string Outcome,
    [property: JsonName("comment")] string Comment,
    [property: JsonName("via")] string Via,
    DateTimeOffset At) : CallEvent(At);
