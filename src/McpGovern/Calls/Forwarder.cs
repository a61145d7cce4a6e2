using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Sends an allowed call whose <see cref="DispatchStarted"/> is committed, while its caller waits.</summary>
internal sealed class Forwarder(Outcomes outcomes, TaskFollower tasks, LeaseKeeper lease, Freezes freezes, Pins pins)
{
    /// <summary>From here on the call is on its way: only the upstream is told that nobody waits any more, the record is written in any case.</summary>
    /// <param name="since">From before its dispatch was recorded.</param>
    public async Task<CallAnswer> SendAsync(
        LoadedCall call, Moment since, UpstreamConnection connection, Decision decision, GovernedTool tool, ToolCallRequest request, CancellationToken ct)
    {
        string? held = null;
        var answer = await outcomes.SendAsync(call, since, connection, request.Progress, request.Caller, ct);
        if (answer is UpstreamAnswer.NotSent && await SuccessorAsync(connection, tool, ct) is { } successor)
        {
            (var why, held) = await WhyHeldAsync(call.Known.Call, decision, tool);
            answer = why is not null ? new UpstreamAnswer.NotSent(why) : await outcomes.SendAsync(call, since, successor, request.Progress, request.Caller, ct);
        }

        var recorded = await outcomes.RecordAsync(call, lease.ProcessId, answer, call.Known.Call.At, CancellationToken.None, request.Continues?.IsKept == true);
        tasks.Start(recorded);
        return answer switch
        {
            UpstreamAnswer.Task when recorded is { State: CallState.Dispatching { Task: not null } } => new CallAnswer.Parked(recorded),
            UpstreamAnswer.Result result => new CallAnswer.Result(result.Json),
            UpstreamAnswer.InputRequired asks => new CallAnswer.InputRequired(recorded ?? call, asks.Json),
            UpstreamAnswer.Error error => new CallAnswer.Error(error.Code, error.Message, error.DataJson),
            UpstreamAnswer.NotSent not => OwnWords.Of(request.Method, held ?? AgentText.Unavailable(tool.Server, not.Reason)),
            _ => OwnWords.Of(request.Method, AgentText.Of(recorded ?? call), CallMeta.Of(recorded ?? call, url: null)),
        };
    }

    // An upstream that was restarted forgot its session, and says so when the next call comes: nothing was sent, and the tool is the same.
    private static async Task<UpstreamConnection?> SuccessorAsync(UpstreamConnection ended, GovernedTool tool, CancellationToken ct)
    {
        try
        {
            return ended.ClosedBecause is not null && await tool.Upstream.ConnectAsync(ct) is var successor && successor != ended
                && await CurrentDefinitions.OnAsync(successor, tool.Tool, ct) == tool.Definition ? successor : null;
        }
        catch (Exception e) when (e is UpstreamUnavailableException or OperationCanceledException)
        {
            return null;
        }
    }

    // Before a second send: what stops calls may have come while the upstream was restarted. Nobody knows means no.
    private async Task<(string? Why, string? Text)> WhyHeldAsync(CallSubmitted call, Decision decision, GovernedTool tool)
    {
        try
        {
            if (await freezes.FindAsync(call, CancellationToken.None) is { } freeze)
            {
                return (freeze.Why, AgentText.Frozen(freeze));
            }

            var judged = await pins.JudgeAsync(decision, call.UpstreamFingerprint, tool.Server, tool.Tool, tool.Definition.Hash, tool.Definition, CancellationToken.None);
            return judged.Verdict == Verdict.Allow ? (null, null) : (judged.Reason, null);
        }
        catch (StoreUnavailableException e)
        {
            return ($"the store does not say whether it is frozen: {e.Message}", null);
        }
    }
}
