using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>What differs between the call that was parked and the call that would run now.</summary>
/// <param name="Because"><c>policy</c>, <c>tool</c> or <c>upstream</c>.</param>
/// <param name="Successor">The verdict under which it may be requested again, if it may.</param>
internal sealed record CallChange(string Because, string Detail, Decision? Successor, string DefinitionHash);

/// <summary>Checks a parked call against the present policy and the present tool definition; ends it, with a successor, where they differ.</summary>
internal sealed class ApprovalCheck(CallStreams streams, PolicySource policy, Pins pins, UpstreamSessions sessions, bool onlyUpstream, TimeProvider time)
{
    /// <param name="definition">What the connection that will carry the call has; <c>null</c> where there is no such connection now.</param>
    /// <param name="toolIsGone">There is a connection, and it has no such tool.</param>
    /// <exception cref="StoreUnavailableException">Nobody knows.</exception>
    public async Task<CallChange?> FindAsync(LoadedCall call, ToolDefinition? definition, bool toolIsGone, CancellationToken ct)
    {
        var submitted = call.Known.Call;
        var gate = call.Known.Gate!;
        var hash = definition?.Hash ?? submitted.ToolDefinitionHash;
        if (sessions.IsOver(submitted))
        {
            return UpstreamSessions.Ended(submitted);
        }

        if (toolIsGone)
        {
            return new("tool", $"{submitted.Server} has no {CallMethod.Describe(submitted.Tool)} any more", null, hash);
        }

        var decision = await EvaluateAsync(submitted, hash, definition, ct);
        return decision.Verdict switch
        {
            Verdict.Deny => new("policy", $"policy denies it now ({decision.Rule})", null, hash),
            // Looser never upgrades what is parked: the agent asks again.
            Verdict.Allow => new("policy", $"policy no longer asks for an approval ({decision.Rule}): ask again", null, hash),
            _ when decision.RuleDigest != gate.RuleDigest => new("policy", $"the rule that asks for its approval changed ({decision.Rule})", decision, hash),
            _ when hash != submitted.ToolDefinitionHash => new("tool", $"the definition of '{submitted.Tool}' changed", decision, hash),
            // Parked by a version that neither showed nor approved what goes along.
            _ when SentMeta.Of(submitted.Meta) is not null && gate.CallHash == CallHash.Of(submitted with { Meta = null }, gate.RuleDigest) =>
                new("policy", "what is sent along with it in _meta was not shown before", decision, hash),
            _ => null,
        };
    }

    /// <summary>What was approved by a grant that does not stand any more needs an approval of its own.</summary>
    public CallChange Withdrawn(LoadedCall call, string why)
    {
        var submitted = call.Known.Call;
        var decision = policy.Current.Set.Evaluate(new(submitted.Server, submitted.Tool, submitted.Arguments, onlyUpstream));
        return new("policy", why, decision.Verdict == Verdict.RequireApproval ? decision : null, submitted.ToolDefinitionHash);
    }

    /// <summary>Whether this process may judge the call: its policy set is not older than the one that parked it.</summary>
    public bool MayJudge(LoadedCall call) => call.Known.Gate!.PolicyActivatedAt <= policy.Current.ActivatedAt;

    /// <returns>The call as it stands afterwards: invalidated, or whatever won the race.</returns>
    public async Task<LoadedCall> InvalidateAsync(LoadedCall call, CallChange change, CancellationToken ct)
    {
        var at = time.GetUtcNow();
        var successor = change.Successor is null ? null : SuccessorOf(call, streams.NewCallId(), change.Detail, change.Successor, change.DefinitionHash, at);
        var invalidate = new CallCommand.Invalidate(change.Because, change.Detail, successor?.CallId, at);
        var executed = await streams.ExecuteAsync(call.Id, invalidate, ct, successor: successor);
        if (executed is { EffectHolder: { } holder })
        {
            // The changed policy names another effect, and that one is taken.
            executed = await streams.ExecuteAsync(call.Id, invalidate with { Detail = $"{change.Detail}; {holder} has its effect", SupersededBy = null }, ct);
        }

        return executed?.Call ?? call;
    }

    /// <summary>Earlier versions wrote a call's end and its successor apart: one whose successor is missing is made up for.</summary>
    public async Task EnsureSuccessorAsync(LoadedCall call, CancellationToken ct)
    {
        if (call.State is not CallState.Invalidated { Why: { SupersededBy: { } successor } why } || await streams.LoadAsync(successor, ct) is not null)
        {
            return;
        }

        var submitted = call.Known.Call;
        var decision = await EvaluateAsync(submitted, submitted.ToolDefinitionHash, definition: null, ct);
        // A definition that changed is found again when the successor is checked.
        if (decision.Verdict == Verdict.RequireApproval
            && SuccessorOf(call, successor, why.Detail, decision, submitted.ToolDefinitionHash, time.GetUtcNow()) is { } next)
        {
            await streams.CreateAsync(next.CallId, next.Command, ct);
        }
    }

    private Task<Decision> EvaluateAsync(CallSubmitted call, string hash, ToolDefinition? definition, CancellationToken ct) => pins.JudgeAsync(
        policy.Current.Set.Evaluate(new(call.Server, call.Tool, call.Arguments, onlyUpstream)), call.UpstreamFingerprint, call.Server, call.Tool, hash, definition, ct);

    /// <returns><c>null</c> where the policy names an effect that the arguments do not give, or wants a session and there is none: it could not be asked for again.</returns>
    private (string CallId, CallCommand.Park Command)? SuccessorOf(
        LoadedCall call, string successor, string because, Decision decision, string definitionHash, DateTimeOffset at)
    {
        var active = policy.Current;
        var (submitted, fault) = Effects.Name(Submission.Successor(call.Known.Call, successor, call.Id, because, definitionHash, at), active.Set, onlyUpstream);
        var traits = active.Set.TraitsOf(submitted.Server, submitted.Tool, onlyUpstream);
        if (fault is not null || (traits.SameSession && submitted.UpstreamSession is null))
        {
            return null;
        }

        submitted = submitted with { UpstreamSession = traits.SameSession ? submitted.UpstreamSession : null };
        return (successor, new(submitted, Submission.Gate(submitted, decision, traits.Idempotent, active.ActivatedAt, at), at));
    }
}
