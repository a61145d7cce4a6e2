using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using static McpGovern.Calls.CallState;
using JsonName = System.Text.Json.Serialization.JsonPropertyNameAttribute;

namespace McpGovern.Calls;

/// <summary>A call as every door shows it in JSON.</summary>
public sealed record CallView
{
    [JsonName("call_id")] public required string CallId { get; init; }
    [JsonName("execution_id")] public required string ExecutionId { get; init; }
    [JsonName("node_id")] public required string NodeId { get; init; }
    [JsonName("status")] public required string Status { get; init; }
    [JsonName("server")] public required string Server { get; init; }
    [JsonName("tool")] public required string Tool { get; init; }

    /// <summary><c>tools/call</c>, <c>resources/read</c> or <c>prompts/get</c>.</summary>
    [JsonName("method")] public string Method { get; init; } = "tools/call";

    /// <summary>JSON text, written into the view as it is stored.</summary>
    [JsonName("arguments"), JsonConverter(typeof(JsonTextConverter))] public required string Arguments { get; init; }
    [JsonName("arguments_hash")] public required string ArgumentsHash { get; init; }
    [JsonName("call_hash")] public string? CallHash { get; init; }
    [JsonName("requested_by")] public required string RequestedBy { get; init; }
    [JsonName("requested_at")] public required DateTimeOffset RequestedAt { get; init; }
    [JsonName("client")] public ClientInfo? Client { get; init; }
    [JsonName("rule")] public string? Rule { get; init; }
    [JsonName("rule_source")] public string? RuleSource { get; init; }
    [JsonName("reason")] public string? Reason { get; init; }
    [JsonName("approvers")] public IReadOnlyList<string> Approvers { get; init; } = [];
    [JsonName("quorum")] public int? Quorum { get; init; }
    [JsonName("human_required")] public bool HumanRequired { get; init; }
    [JsonName("comment_required")] public string? CommentRequired { get; init; }
    [JsonName("deadline")] public DateTimeOffset? Deadline { get; init; }
    [JsonName("decisions")] public IReadOnlyList<DecisionView> Decisions { get; init; } = [];
    [JsonName("approvals")] public ApprovalCount? Approvals { get; init; }
    [JsonName("deferred")] public DeferredView? Deferred { get; init; }
    [JsonName("supersedes")] public string? Supersedes { get; init; }
    [JsonName("supersedes_because")] public string? SupersedesBecause { get; init; }
    [JsonName("superseded_by")] public string? SupersededBy { get; init; }
    [JsonName("earlier_call")] public string? EarlierCall { get; init; }

    /// <summary>A call like this one that was rejected shortly before it was asked.</summary>
    [JsonName("rejected_recently"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? RejectedRecently { get; init; }

    /// <summary>What the agent says for itself about this call: unverified, and no part of what is approved.</summary>
    [JsonName("justification"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Justification { get; init; }

    /// <summary>The call whose upstream asked for the input that this one brings.</summary>
    [JsonName("continues"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Continues { get; init; }

    /// <summary>The answers to what that upstream asked, as JSON text.</summary>
    [JsonName("input_responses"), JsonConverter(typeof(JsonTextConverter)), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? InputResponses { get; init; }

    /// <summary>What is sent along in <c>_meta</c> and approved with the arguments, as JSON text.</summary>
    [JsonName("meta"), JsonConverter(typeof(JsonTextConverter)), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Meta { get; init; }

    /// <summary>The call as which it goes on, with the answers to what its upstream asked.</summary>
    [JsonName("continued_by"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ContinuedBy { get; init; }

    /// <summary>It ended with questions for its caller.</summary>
    [JsonName("input_required"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] public bool InputRequired { get; init; }

    [JsonName("effect")] public string? Effect { get; init; }
    /// <summary>The upstream's own task as which it goes on, or went on, there: an id that only means something to that upstream.</summary>
    [JsonName("upstream_task"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? UpstreamTask { get; init; }

    [JsonName("attempts")] public int Attempts { get; init; }
    [JsonName("ended_at")] public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What the upstream answered, as JSON text; <c>null</c> in lists, before there is one, and when it is no longer kept.</summary>
    [JsonName("result"), JsonConverter(typeof(JsonTextConverter))] public string? Result { get; init; }
    [JsonName("version")] public required long Version { get; init; }
    [JsonName("url")] public string? Url { get; init; }

    /// <exception cref="InvalidDataException">The history cannot be read.</exception>
    public static CallView From(string callId, IReadOnlyList<CallEvent> events)
    {
        var state = Call.Replay(events);
        var known = state as Known ?? throw new InvalidDataException($"{callId} has no events");
        var call = known.Call;
        return new()
        {
            CallId = callId,
            ExecutionId = call.ExecutionId,
            NodeId = call.NodeId,
            Status = CallStatus.Of(state),
            Server = call.Server,
            Tool = call.Tool,
            Method = call.Method ?? "tools/call",
            Arguments = call.Arguments,
            ArgumentsHash = call.ArgumentsHash,
            CallHash = known.Gate?.CallHash,
            RequestedBy = call.RequestedBy,
            RequestedAt = call.At,
            Client = call.Client,
            Rule = RuleOf(events).Rule,
            RuleSource = RuleOf(events).Source,
            Reason = ReasonOf(state),
            Approvers = known.Gate?.Approvers ?? [],
            Quorum = known.Gate?.Quorum,
            HumanRequired = known.Gate?.HumanRequired ?? false,
            CommentRequired = known.Gate?.CommentRequired,
            Deadline = known.Gate?.Deadline,
            Decisions = [.. known.Decisions.Select(DecisionView.From)],
            Approvals = known.Gate is { } gate ? new(CallDecision.Have(known.Facts), gate.Quorum) : null,
            Deferred = state is Approved { Deferred: { } deferred } ? new(deferred.Why, deferred.RetryAt) : null,
            Supersedes = call.Supersedes,
            SupersedesBecause = call.SupersedesBecause,
            SupersededBy = (state as Invalidated)?.Why.SupersededBy,
            EarlierCall = call.EarlierCall,
            RejectedRecently = call.RejectedRecently,
            Justification = call.Justification,
            Continues = call.Continues,
            InputResponses = call.InputResponses,
            Meta = SentMeta.Of(call.Meta),
            ContinuedBy = (state as Ended)?.ContinuedBy,
            InputRequired = state is Ended { InputRequired: true },
            Effect = call.Effect,
            UpstreamTask = events.OfType<UpstreamTaskFollowed>().LastOrDefault()?.TaskId,
            Attempts = events.OfType<DispatchStarted>().Count(),
            EndedAt = events[^1] is ResultDelivered or InputReceived ? (state as Ended)?.At : EndOf(state, events[^1].At),
            Version = events.Count,
        };
    }

    private static DateTimeOffset? EndOf(CallState state, DateTimeOffset last) =>
        state is Submitted or Allowed or Pending or Approved or Dispatching ? null : last;

    private static (string? Rule, string? Source) RuleOf(IReadOnlyList<CallEvent> events) => events.Count < 2 ? default : events[1] switch
    {
        CallAllowed e => (e.Rule, e.RuleSource),
        CallDenied e => (e.Rule, e.RuleSource),
        ToolApprovalRequired e => (e.Rule, e.RuleSource),
        _ => default,
    };

    private static string? ReasonOf(CallState state) => state switch
    {
        Denied s => s.By.Reason,
        Invalidated s => $"{s.Why.Because}: {s.Why.Detail}",
        Cancelled s => s.By.Reason,
        Ended s => s.Reason,
        Unknown s => s.Why.Why,
        Resolved { By: { } by } => $"{by.Outcome}: {by.Comment}",
        _ => null,
    };
}

/// <summary>One decision as the doors show it.</summary>
public sealed record DecisionView(
    [property: JsonName("by")] string By,
    [property: JsonName("decision")] string Decision,
    [property: JsonName("comment")] string? Comment,
    [property: JsonName("via")] string Via,
    [property: JsonName("at")] DateTimeOffset At)
{
    /// <summary>The standing grant that it was made by.</summary>
    [JsonName("grant"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Grant { get; init; }

    public static DecisionView From(ApprovalReceived e) => new(e.Decider, e.Decision, e.Comment, e.Via, e.At) { Grant = e.Grant };
}

public sealed record ApprovalCount([property: JsonName("have")] int Have, [property: JsonName("need")] int Need);

public sealed record DeferredView([property: JsonName("why")] string Why, [property: JsonName("retry_at")] DateTimeOffset RetryAt);

/// <summary>Writes JSON text as JSON, and reads it back as text.</summary>
public sealed class JsonTextConverter : JsonConverter<string?>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonNode.Parse(ref reader)?.ToJsonString();

    public override void Write(Utf8JsonWriter writer, string? value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteRawValue(value ?? "null", skipInputValidation: true);
    }
}
