using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>The story of one call, from the door to the answer.</summary>
internal sealed partial class CallHandler(
    GovernedTools tools, PolicySource policy, CallStreams streams, ICallStore store, Attachment attachment, Hold hold, Outcomes outcomes,
    LeaseKeeper lease, CallLimits limits, string scope, TimeProvider time, ILogger<CallHandler> log)
{
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
            return Say(AgentText.CannotRecord(e.Message));
        }
        catch (InvalidDataException e)
        {
            LogNotRecorded(request.Actor.Id, e.Message);
            return Say(AgentText.CannotRecord("the record of an equal call cannot be read"));
        }
    }

    private async Task<CallAnswer> GovernAsync(ToolCallRequest request, CancellationToken ct)
    {
        if (limits.WhyTooLarge(request.ArgumentsJson, gated: false) is { } tooLarge)
        {
            return Say(tooLarge);
        }

        if (!request.Actor.Roles.HasFlag(Roles.Caller) || await tools.FindAsync(request.Name, ct) is not { } tool)
        {
            return Say(AgentText.NotAvailable);
        }

        var set = policy.Current;
        var callId = streams.NewCallId();
        CallSubmitted call;
        try
        {
            call = Submission.Of(callId, scope, request, tool, time.GetUtcNow());
        }
        catch (FormatException e)
        {
            return Say($"Not executed: the arguments cannot be read: {e.Message}");
        }

        var decision = set.Set.Evaluate(new(tool.Server, tool.Tool, call.Arguments, tools.OnlyUpstream));
        return decision.Verdict switch
        {
            Verdict.Allow => await AllowAsync(callId, call, decision, tool, request, ct),
            Verdict.RequireApproval => await ParkAsync(callId, call, decision, set, request, ct),
            _ => await DenyAsync(callId, call, decision, set, request, ct),
        };
    }

    private async Task<CallAnswer> DenyAsync(string callId, CallSubmitted call, Decision decision, ActivePolicy set, ToolCallRequest request, CancellationToken ct)
    {
        await streams.CreateAsync(callId, new CallCommand.Deny(call, new(decision.Rule, decision.Source, decision.Reason, call.At), call.At), ct);
        LogDenied(callId, request.Actor.Id, call.NodeId, decision.Rule);
        return Say(set.Set.Explain ? AgentText.DeniedByPolicy(decision.Rule, decision.Source) : AgentText.NotAvailable);
    }

    private async Task<CallAnswer> AllowAsync(string callId, CallSubmitted call, Decision decision, GovernedTool tool, ToolCallRequest request, CancellationToken ct)
    {
        var verdict = new CallAllowed(decision.Rule, decision.Source, decision.Audited, call.At);
        UpstreamConnection connection;
        try
        {
            connection = await tool.Upstream.ConnectAsync(ct);
        }
        catch (UpstreamUnavailableException e)
        {
            await streams.CreateAsync(callId, new CallCommand.AllowUnsent(call, verdict, $"nothing was sent: {Plain.Text(e.Message)}", call.At), ct);
            return Say(AgentText.Unavailable(tool.Server, e.Message));
        }

        await lease.EnsureAsync(ct);
        var started = await streams.CreateAsync(callId, new CallCommand.Allow(call, verdict, lease.ProcessId, callId, call.At), ct);
        if (started.New.Count == 0)
        {
            return Say(AgentText.CannotRecord("the store is busy"));
        }

        // From here on the call is on its way: only the upstream is told that nobody waits any more, the record is written in any case.
        var answer = await outcomes.SendAsync(started.Call, connection, request.Progress, ct);
        if (answer is UpstreamAnswer.NotSent && await SuccessorAsync(connection, tool, ct) is { } successor)
        {
            answer = await outcomes.SendAsync(started.Call, successor, request.Progress, ct);
        }

        var recorded = await outcomes.RecordAsync(started.Call, lease.ProcessId, answer, call.At, CancellationToken.None);
        return answer switch
        {
            UpstreamAnswer.Result result => new CallAnswer.Result(result.Json),
            UpstreamAnswer.Error error => new CallAnswer.Error(error.Code, error.Message, error.DataJson),
            UpstreamAnswer.NotSent not => Say(AgentText.Unavailable(tool.Server, not.Reason)),
            _ => Say(AgentText.Of(recorded ?? started.Call), CallMeta.Of(recorded ?? started.Call)),
        };
    }

    // An upstream that was restarted forgot its session, and says so when the next call comes: nothing was sent, and the tool is the same.
    private static async Task<UpstreamConnection?> SuccessorAsync(UpstreamConnection ended, GovernedTool tool, CancellationToken ct)
    {
        try
        {
            return ended.ClosedBecause is not null && await tool.Upstream.ConnectAsync(ct) is var successor && successor != ended
                && GovernedTools.On(successor, tool.Tool) == GovernedTools.On(ended, tool.Tool) ? successor : null;
        }
        catch (Exception e) when (e is UpstreamUnavailableException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<CallAnswer> ParkAsync(string callId, CallSubmitted call, Decision decision, ActivePolicy set, ToolCallRequest request, CancellationToken ct)
    {
        if (limits.WhyTooLarge(request.ArgumentsJson, gated: true) is { } tooLarge)
        {
            return Say(tooLarge);
        }

        var earlier = await attachment.FindAsync(scope, call.AttachKey, ct);
        if (earlier is { Attaches: true })
        {
            return await hold.AnswerAsync(earlier.Call, request, attached: true, ct);
        }

        if (await limits.WhyTooManyAsync(store, scope, call.RequestedBy, ct) is { } tooMany)
        {
            return Say(tooMany);
        }

        call = call with { EarlierCall = earlier?.Call.Id };
        var idempotent = set.Set.TraitsOf(call.Server, call.Tool, tools.OnlyUpstream).Idempotent;
        var gate = Submission.Gate(call, decision, idempotent, set.ActivatedAt, call.At);
        var parked = await streams.CreateAsync(callId, new CallCommand.Park(call, gate, call.At), ct);
        if (parked.OpenCall is { } open && await streams.LoadAsync(open, ct) is { } other)
        {
            return await hold.AnswerAsync(other, request, attached: true, ct);
        }

        if (parked.New.Count == 0)
        {
            return Say(AgentText.CannotRecord("the store is busy"));
        }

        LogParked(callId, request.Actor.Id, call.NodeId, decision.Rule);
        return await hold.AnswerAsync(parked.Call, request, attached: false, ct);
    }

    private static CallAnswer.Result Say(string text, CallMeta? meta = null) => new(ResultJson.Error(text, meta));

    [LoggerMessage(1003, LogLevel.Information, "{CallId} by {Actor} is parked: {Tool} ({Rule})")]
    private partial void LogParked(string callId, string actor, string tool, string rule);

    [LoggerMessage(1004, LogLevel.Information, "{CallId} by {Actor} is denied: {Tool} ({Rule})")]
    private partial void LogDenied(string callId, string actor, string tool, string rule);

    [LoggerMessage(1005, LogLevel.Error, "A call by {Actor} was refused, because it could not be recorded: {Why}")]
    private partial void LogNotRecorded(string actor, string why);
}
