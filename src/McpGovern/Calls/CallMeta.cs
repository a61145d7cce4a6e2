using System.Text.Json.Serialization;

namespace McpGovern.Calls;

/// <summary>What an answer says of the call behind it, under <c>_meta["mcpgovern/call"]</c>.</summary>
/// <param name="Status">None where it is not known whether there is such a call.</param>
internal sealed record CallMeta(
    [property: JsonPropertyName("call_id")] string CallId,
    [property: JsonPropertyName("execution_id")] string ExecutionId,
    [property: JsonPropertyName("status"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    string? Status,
    [property: JsonPropertyName("call_hash")] string? CallHash,
    [property: JsonPropertyName("deadline")] DateTimeOffset? Deadline,
    [property: JsonPropertyName("url")] string? Url)
{
    /// <summary>The stored result of a call that ran before is delivered once more.</summary>
    [JsonPropertyName("redelivered"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Redelivered { get; init; }

    /// <summary>Of a call whose parking is in doubt.</summary>
    public static CallMeta OfDoubt(string callId, CallSubmitted call, ToolApprovalRequired gate, string? url) =>
        new(callId, call.ExecutionId, Status: null, gate.CallHash, gate.Deadline, url);

    /// <param name="url">Of the call's page; it is good for as long as the call can be looked at.</param>
    public static CallMeta Of(LoadedCall call, string? url) => new(call.Id, call.Known.Call.ExecutionId, CallStatus.Of(call.State), call.Known.Gate?.CallHash,
        call.Known.Gate?.Deadline, url);
}
