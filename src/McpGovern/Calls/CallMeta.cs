using System.Text.Json.Serialization;

namespace McpGovern.Calls;

/// <summary>What an answer says of the call behind it, under <c>_meta["mcpgovern/call"]</c>.</summary>
internal sealed record CallMeta(
    [property: JsonPropertyName("call_id")] string CallId,
    [property: JsonPropertyName("execution_id")] string ExecutionId,
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("call_hash")] string? CallHash,
    [property: JsonPropertyName("deadline")] DateTimeOffset? Deadline,
    [property: JsonPropertyName("url")] string? Url)
{
    /// <summary>The stored result of a call that ran before is delivered once more.</summary>
    [JsonPropertyName("redelivered"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Redelivered { get; init; }

    /// <param name="url">Of the call's page; it is good for as long as the call can be looked at.</param>
    public static CallMeta Of(LoadedCall call, string? url) => new(call.Id, call.Known.Call.ExecutionId, CallStatus.Of(call.State), call.Known.Gate?.CallHash,
        call.Known.Gate?.Deadline, url);
}
