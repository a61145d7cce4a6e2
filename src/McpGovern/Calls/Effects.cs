using McpGovern.Policy;

namespace McpGovern.Calls;

/// <summary>Of all calls with the same effect in the world, one at most is under way or has succeeded; the store's unique key holds that.</summary>
internal sealed class Effects(CallStreams streams, TimeProvider time)
{
    /// <summary>The call with its effect, where the policy names one; or why its arguments do not name it.</summary>
    public static (CallSubmitted Call, string? Fault) Name(CallSubmitted call, PolicySet set, bool onlyUpstream)
    {
        if (set.TraitsOf(call.Server, call.Tool, onlyUpstream).Effect is not { } template)
        {
            return (call with { Effect = null, EffectKey = null }, null);
        }

        var (effect, fault) = CallEffect.Of(template, call.Scope, call.Tenant, call.Arguments);
        return (call with { Effect = effect?.Text, EffectKey = effect?.Key }, fault);
    }

    /// <summary>Starts a stream. A holder whose time is up, and that nobody has swept yet, does not stand in its way.</summary>
    public async Task<Executed> CreateAsync(string callId, CallCommand command, CancellationToken ct)
    {
        while (true)
        {
            var created = await streams.CreateAsync(callId, command, ct);
            if (created.EffectHolder is not { } holder
                || await streams.ExecuteAsync(holder, new CallCommand.Expire(time.GetUtcNow()), ct) is not { New.Count: > 0 })
            {
                return created;
            }
        }
    }

    /// <summary>What whoever asks for a taken effect is told: the holder's state to those who may see it, to others only that there is one.</summary>
    public async Task<(string Text, CallMeta? Meta)> AnswerAsync(string holder, CallSubmitted call, Actor actor, CancellationToken ct)
    {
        var held = await streams.LoadAsync(holder, ct);
        var seen = held is not null && CallAccess.MaySee(actor, held.Known);
        var text = held?.State switch
        {
            CallState.Ended { Succeeded: true } s => AgentText.EffectHappened(call.Effect!, held.Id, s.At),
            CallState.Resolved s => AgentText.EffectHappened(call.Effect!, held.Id, s.At),
            not null when seen => AgentText.EffectUnderWay(call.Effect!, held),
            _ => AgentText.EffectUnderWay(call.Effect!, holder: null),
        };
        return (text, seen ? CallMeta.Of(held!, url: null) : null);
    }
}
