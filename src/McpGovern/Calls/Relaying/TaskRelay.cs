using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>What the caller of a call that goes on as its upstream's task says to that task, and hears of it.</summary>
internal sealed partial class TaskRelay(
    CallStreams streams, TaskTalk talk, TaskFollower follower, Freezes freezes, PolicySource policy, bool onlyUpstream, CallLimits limits,
    TimeProvider time, ILogger<TaskRelay> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How the task stands at its upstream just now; <c>null</c> where the call is none, is gated, or its upstream does not say in time.</summary>
    public async Task<UpstreamTaskState?> AskAsync(LoadedCall call, string declared, CancellationToken ct)
    {
        if (!IsOpen(call))
        {
            return null;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        var state = await talk.SendAsync(call, UpstreamTasks.Get, responses: null, declared, limit.Token) is UpstreamAnswer.Result answer
            ? UpstreamTaskState.Read(answer) : null;
        if (state?.Outcome is not null)
        {
            // How it ended counts once it is recorded.
            follower.Wake(call.Id);
        }

        return state;
    }

    /// <summary>Hands the caller's answers on, recorded before they are sent. What asks for nothing is passed over.</summary>
    /// <returns>Why they did not get there, or <c>null</c>.</returns>
    public async Task<string?> AnswerAsync(Actor actor, LoadedCall call, string responses, string declared, CancellationToken ct)
    {
        if (!IsOpen(call))
        {
            return null;
        }

        if (await WhyNotAsync(call, responses, ct) is { } why)
        {
            return why;
        }

        string compact;
        try
        {
            compact = CanonicalJson.Compact(responses);
        }
        catch (FormatException e)
        {
            return $"the answers cannot be read: {e.Message}";
        }

        FaultPoints.At(FaultPoint.InputBeforeAppend);
        var executed = await streams.ExecuteAsync(call.Id, new CallCommand.AnswerTask(actor, compact, time.GetUtcNow()), ct);
        FaultPoints.At(FaultPoint.InputAppended);
        if (executed is not { New: [UpstreamTaskInput input] })
        {
            // It ended meanwhile, or its record is being written by others.
            return executed is { Busy: true } ? "the store is busy; send the answers again" : null;
        }

        var answer = await talk.SendAsync(executed.Call, UpstreamTasks.Update, input.Responses, declared, CancellationToken.None);
        follower.Wake(call.Id);
        return answer switch
        {
            UpstreamAnswer.Result => null,
            UpstreamAnswer.Error error => $"its server refuses the answers: {error.Message}",
            UpstreamAnswer.NotSent not => $"its server did not get the answers: {not.Reason}",
            UpstreamAnswer.Lost lost => $"it is not known whether its server got the answers: {lost.Reason}",
            _ => "its server did not take the answers",
        };
    }

    /// <summary>Tells the upstream that its task is not wanted any more: a wish, of which the task's state tells what became.</summary>
    public async Task CancelAsync(Actor actor, LoadedCall call, CancellationToken ct)
    {
        if (call.State is Dispatching { Task: not null })
        {
            LogCancel(call.Id, actor.Id);
            await talk.SendAsync(call, UpstreamTasks.Cancel, responses: null, declared: null, ct);
            follower.Wake(call.Id);
        }
    }

    /// <summary>Answers are sent like a call is: not past a freeze, nor past a policy that would not let the call through any more.</summary>
    private async Task<string?> WhyNotAsync(LoadedCall call, string responses, CancellationToken ct)
    {
        var submitted = call.Known.Call;
        if (System.Text.Encoding.UTF8.GetByteCount(responses) > limits.Arguments)
        {
            return $"the answers have more than the {limits.Arguments} bytes that are taken (caps.arguments)";
        }

        if (await freezes.FindAsync(submitted, ct) is { } freeze)
        {
            return freeze.Why;
        }

        var verdict = policy.Current.Set.Evaluate(new(submitted.Server, submitted.Tool, submitted.Arguments, onlyUpstream)).Verdict;
        return verdict == Verdict.Allow ? null : "the policy does not let this call through any more";
    }

    private static bool IsOpen(LoadedCall call) => call.State is Dispatching { Task: not null, Gate: null };

    [LoggerMessage(1046, LogLevel.Information, "{CallId} goes on as a task of its server, which is told that {Actor} does not want it any more")]
    private partial void LogCancel(string callId, string actor);
}
