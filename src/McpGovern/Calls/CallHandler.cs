using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>The story of one call, from the door to the answer.</summary>
internal sealed partial class CallHandler(
    GovernedNames names, bool onlyUpstream, PolicySource policy, Pins pins, CallStreams streams, Attachment attachment, Effects effects, Freezes freezes, Grants grants,
    UpstreamSessions sessions, Hold hold, Dispatcher dispatcher, Forwarder forwarder, Outcomes outcomes, LeaseKeeper lease, CallLimits limits, ParkingPlaces places,
    string scope, TimeProvider time, ILogger<CallHandler> log)
{
    private const int MaxLooks = 3;

    /// <summary>Never throws for what a caller, a policy, a store or an upstream can do; <paramref name="ct"/> ends the caller's wait.</summary>
    public async Task<CallAnswer> HandleAsync(ToolCallRequest request, CancellationToken ct)
    {
        try
        {
            return await GovernAsync(request, ct);
        }
        catch (StoreUnavailableException e)
        {
            LogNotRecorded(request.Actor.Id, e.Message);
            return Say(request, AgentText.CannotRecord(e.Message));
        }
        catch (InvalidDataException e)
        {
            LogNotRecorded(request.Actor.Id, e.Message);
            return Say(request, AgentText.CannotRecord("the record of an equal call cannot be read"));
        }
    }

    /// <summary>The answer for a caller that comes back to its own parked call, or <c>null</c> where it has none of that id.</summary>
    public async Task<CallAnswer?> ComeBackAsync(string callId, ToolCallRequest request, CancellationToken ct) =>
        await streams.LoadAsync(callId, ct) is { } call && call.Known.Call.RequestedBy == request.Actor.Id
            ? await hold.AnswerAsync(call, request, attached: false, ct) : null;

    private async Task<CallAnswer> GovernAsync(ToolCallRequest request, CancellationToken ct, int again = 0)
    {
        if (limits.WhyTooLarge(request, gated: false) is { } tooLarge)
        {
            return Say(request, tooLarge);
        }

        if (!request.Actor.Roles.HasFlag(Roles.Caller) || await names.FindAsync(request, ct) is not { } tool)
        {
            return OwnWords.Missing(request.Method);
        }

        var set = policy.Current;
        var callId = request.Continues?.Next ?? streams.NewCallId();
        CallSubmitted call;
        try
        {
            call = Submission.Of(callId, scope, request, tool, time.GetUtcNow());
        }
        catch (FormatException e)
        {
            return Say(request, $"Not executed: the arguments cannot be read: {e.Message}");
        }

        var decision = await pins.JudgeAsync(set.Set.Evaluate(new(tool.Server, tool.Tool, call.Arguments, onlyUpstream)),
            call.UpstreamFingerprint, tool.Server, tool.Tool, tool.Definition.Hash, tool.Definition, ct);
        if (decision.Verdict != Verdict.Deny)
        {
            (call, var fault) = Effects.Name(call, set.Set, onlyUpstream);
            if (fault is not null)
            {
                return await RefuseAsync(callId, call, "effect", fault, AgentText.NoEffect(fault), null, ct);
            }
        }

        return decision.Verdict switch
        {
            Verdict.Allow => await AllowAsync(callId, call, decision, tool, request, again, ct),
            Verdict.RequireApproval => await ParkAsync(callId, call, decision, set, tool, request, ct),
            _ => await DenyAsync(callId, call, decision, set, request, ct),
        };
    }

    private async Task<CallAnswer> DenyAsync(string callId, CallSubmitted call, Decision decision, ActivePolicy set, ToolCallRequest request, CancellationToken ct)
    {
        await streams.CreateAsync(callId, new CallCommand.Deny(call, new(decision.Rule, decision.Source, decision.Reason, call.At), call.At), ct);
        LogDenied(callId, request.Actor.Id, call.NodeId, decision.Rule);
        return OwnWords.Missing(request.Method, set.Set.Explain ? AgentText.DeniedByPolicy(decision.Rule, decision.Source) : null);
    }

    private async Task<CallAnswer> AllowAsync(
        string callId, CallSubmitted call, Decision decision, GovernedTool tool, ToolCallRequest request, int again, CancellationToken ct)
    {
        var verdict = new CallAllowed(decision.Rule, decision.Source, decision.Audited, call.At);
        if (await freezes.FindAsync(call, ct) is { } freeze)
        {
            return await RefuseAsync(callId, call, "freeze", freeze.Why, AgentText.Frozen(freeze), null, ct);
        }

        UpstreamConnection connection;
        try
        {
            connection = await tool.Upstream.ConnectAsync(ct);
        }
        catch (UpstreamUnavailableException e)
        {
            await streams.CreateAsync(callId, new CallCommand.AllowUnsent(call, verdict, $"nothing was sent: {Plain.Text(e.Message)}", call.At), ct);
            return Say(request, AgentText.Unavailable(tool.Server, e.Message));
        }

        if (await IsRedefinedAsync(connection, tool, ct))
        {
            return again < MaxLooks ? await GovernAsync(request, ct, again + 1)
                : await RefuseAsync(callId, call, PinGate.Rule, "its definition does not stay the same", AgentText.Unsteady(tool.Tool), null, ct);
        }

        var since = Moment.Now(time);
        await lease.EnsureAsync(ct);
        // Again, since an upstream may take its time to start.
        if (await freezes.FindAsync(call, ct) is { } late)
        {
            return await RefuseAsync(callId, call, "freeze", late.Why, AgentText.Frozen(late), null, ct);
        }

        using var place = outcomes.Enter(callId);
        FaultPoints.At(FaultPoint.AllowBeforeAppend);
        var started = await effects.CreateAsync(callId, new CallCommand.Allow(call, verdict, lease.ProcessId, callId, call.At), ct);
        if (started.EffectHolder is { } holder)
        {
            return await RefuseRepeatAsync(callId, call, holder, request.Actor, ct);
        }

        if (started.New.Count == 0)
        {
            return Say(request, AgentText.CannotRecord("the store is busy"));
        }

        FaultPoints.At(FaultPoint.AllowAppended);
        if (request.Alone)
        {
            // At once, like every allowed call: what is recorded as on its way waits for no place.
            _ = dispatcher.Begin(callId, () => forwarder.SendAsync(started.Call, since, connection, decision, tool, request, CancellationToken.None));
            return new CallAnswer.Parked(started.Call);
        }

        return await forwarder.SendAsync(started.Call, since, connection, decision, tool, request, ct);
    }

    // What was judged may be what an earlier connection said, or what is being read anew just now.
    private async Task<bool> IsRedefinedAsync(UpstreamConnection connection, GovernedTool tool, CancellationToken ct) =>
        pins.AreOn && PolicyName.KindOf(tool.Tool).Length == 0
        && await CurrentDefinitions.OnAsync(connection, tool.Tool, ct) is { } present && present.Hash != tool.Definition.Hash;

    private async Task<CallAnswer> ParkAsync(
        string callId, CallSubmitted call, Decision decision, ActivePolicy set, GovernedTool tool, ToolCallRequest request, CancellationToken ct)
    {
        if (limits.WhyTooLarge(request, gated: true) is { } tooLarge)
        {
            return Say(request, tooLarge);
        }

        var earlier = await attachment.FindAsync(scope, call.AttachKey, ct);
        if (earlier is { Attaches: true })
        {
            return await hold.AnswerAsync(earlier.Call, request, attached: true, ct);
        }

        if (await attachment.FindRejectionAsync(call, ct) is { } rejected)
        {
            return await hold.AnswerAsync(rejected, request, attached: true, ct);
        }

        call = call with { EarlierCall = earlier?.Call.Id };
        var traits = set.Set.TraitsOf(call.Server, call.Tool, onlyUpstream);
        if (traits.SameSession)
        {
            try
            {
                call = await sessions.TieAsync(call, tool.Upstream, ct);
            }
            catch (UpstreamUnavailableException e)
            {
                return Say(request, AgentText.Unavailable(tool.Server, e.Message));
            }
        }

        var gate = Submission.Gate(call, decision, traits.Idempotent, set.ActivatedAt, call.At);
        var (place, tooMany) = await places.TakeAsync(call.RequestedBy, ct);
        if (tooMany is not null)
        {
            return Say(request, tooMany);
        }

        FaultPoints.At(FaultPoint.ParkBeforeAppend);
        Executed parked;
        try
        {
            using (place)
            {
                // Not part of what is approved, and only for calls that become cards: a flood of refused ones looks nothing up.
                call = call with { RejectedRecently = await attachment.FindRejectedAsync(call, ct) };
                parked = await effects.CreateAsync(callId, new CallCommand.Park(call, gate, call.At), ct);
            }

            FaultPoints.At(FaultPoint.ParkAppended);
        }
        catch (StoreUnavailableException e) when (e.InDoubt)
        {
            LogInDoubt(callId, request.Actor.Id, e.Message);
            return hold.InDoubt(callId, call, gate, request, e.Message);
        }

        if (parked.EffectHolder is { } holder)
        {
            return await RefuseRepeatAsync(callId, call, holder, request.Actor, ct);
        }

        if (parked.OpenCall is { } open && await streams.LoadAsync(open, ct) is { } other)
        {
            return await hold.AnswerAsync(other, request, attached: true, ct);
        }

        if (parked.New.Count == 0)
        {
            return Say(request, AgentText.CannotRecord("the store is busy"));
        }

        sessions.Watch(callId, call);
        LogParked(callId, request.Actor.Id, call.NodeId, decision.Rule);
        // A caller that goes away now ends its own wait only: a grant's use that is taken must approve the call.
        return await hold.AnswerAsync(await grants.UseAsync(parked.Call, decision, set.Set, CancellationToken.None), request, attached: false, ct);
    }

    private async Task<CallAnswer> RefuseRepeatAsync(string callId, CallSubmitted call, string holder, Actor actor, CancellationToken ct)
    {
        var (text, meta) = await effects.AnswerAsync(holder, call, actor, ct);
        return await RefuseAsync(callId, call, "effect", $"{holder} has the effect {call.Effect}", text, meta, ct);
    }

    // Recorded as denied: whoever looks later wants to see that it was asked for, and why it did not run.
    private async Task<CallAnswer> RefuseAsync(string callId, CallSubmitted call, string rule, string reason, string text, CallMeta? meta, CancellationToken ct)
    {
        await streams.CreateAsync(callId, new CallCommand.Deny(call, new(rule, "", reason, call.At), call.At), ct);
        LogDenied(callId, call.RequestedBy, call.NodeId, rule);
        return OwnWords.Of(CallMethod.Of(call), text, meta);
    }

    private static CallAnswer Say(ToolCallRequest request, string text, CallMeta? meta = null) => OwnWords.Of(request.Method, text, meta);

    [LoggerMessage(1003, LogLevel.Information, "{CallId} by {Actor} is parked: {Tool} ({Rule})")]
    private partial void LogParked(string callId, string actor, string tool, string rule);

    [LoggerMessage(1004, LogLevel.Information, "{CallId} by {Actor} is denied: {Tool} ({Rule})")]
    private partial void LogDenied(string callId, string actor, string tool, string rule);

    [LoggerMessage(1008, LogLevel.Error, "It is not known whether {CallId} by {Actor} is parked: {Why}")]
    private partial void LogInDoubt(string callId, string actor, string why);

    [LoggerMessage(1005, LogLevel.Error, "A call by {Actor} was refused, because it could not be recorded: {Why}")]
    private partial void LogNotRecorded(string actor, string why);
}
