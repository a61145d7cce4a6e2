using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>What the lists, the sweeps and the attach rule look a call up by; always derivable from the stream.</summary>
/// <param name="DueAt">When a pending call expires, or an approval runs out; <c>null</c> for never and for every other state.</param>
/// <param name="RetryAt">Before when a deferred approved call is not tried again.</param>
/// <param name="Process">Without which an open call comes to no good end: the process that dispatched it, or that has the upstream session it is tied to.</param>
/// <param name="AttachKey">Only for gated calls: what an equal call that is sent again attaches to.</param>
/// <param name="Open">Pending, approved or dispatching: there is at most one open gated call per scope and attach key.</param>
/// <param name="EffectKey">While the call holds its effect: there is at most one such call per scope and effect.</param>
public sealed record CallRow(
    string CallId,
    long Version,
    string Status,
    string Scope,
    string Server,
    string Tool,
    string Fingerprint,
    string RequestedBy,
    string ExecutionId,
    string NodeId,
    DateTimeOffset RequestedAt,
    DateTimeOffset? DueAt,
    DateTimeOffset? RetryAt,
    string? Process,
    string? AttachKey,
    bool Open,
    string? EffectKey)
{
    /// <exception cref="InvalidOperationException">The stream is empty.</exception>
    public static CallRow From(string callId, long version, CallState state)
    {
        var known = state as Known ?? throw new InvalidOperationException($"{callId} has no events");
        var call = known.Call;
        return new(callId, version, CallStatus.Of(state), call.Scope, call.Server, call.Tool, call.UpstreamFingerprint, call.RequestedBy,
            call.ExecutionId, call.NodeId, call.At, DueOf(state), (state as Approved)?.Deferred?.RetryAt,
            ProcessOf(state), known.Gate is null ? null : call.AttachKey,
            state is Pending or Approved or Dispatching { Gate: not null }, HoldsEffect(state) ? call.EffectKey : null);
    }

    /// <summary>Whether the effect may come about, or has; a person's word that it did not frees it, whatever arrives later.</summary>
    private static bool HoldsEffect(CallState state) => state switch
    {
        Pending or Approved or Dispatching or Unknown => true,
        // With questions for its caller, it has done nothing yet.
        Ended s => s is { Succeeded: true, InputRequired: false },
        Resolved { By: { } by } => by.Outcome == "succeeded",
        Resolved { Late: { } late } => late.Outcome == "succeeded",
        _ => false,
    };

    private static string? ProcessOf(CallState state) => state switch
    {
        Dispatching s => s.Owner,
        Pending or Approved => ((Known)state).Call.UpstreamSession?.Process,
        _ => null,
    };

    private static DateTimeOffset? DueOf(CallState state) => state switch
    {
        Pending s => s.Required.Deadline,
        Approved s => s.ValidUntil,
        _ => null,
    };
}
