using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Says something to the upstream about the task as which a call goes on there, over whatever connection there is by now.</summary>
internal sealed class TaskTalk(UpstreamSet upstreams, string scope)
{
    /// <summary>Whether the call's upstream is one of this process's.</summary>
    public bool Reaches(LoadedCall call) => UpstreamOf(call) is not null;

    /// <summary>Never throws for what an upstream may do; <see cref="UpstreamAnswer.NotSent"/> where it is away.</summary>
    public async Task<UpstreamAnswer> SendAsync(LoadedCall call, string method, string? responses, string? declared, CancellationToken ct)
    {
        if (UpstreamOf(call) is not { } upstream || call.State is not CallState.Dispatching { Task: { } task })
        {
            return new UpstreamAnswer.NotSent("this process does not have its server");
        }

        try
        {
            var connection = await upstream.ConnectAsync(ct);
            return await connection.AskTaskAsync(method, task.TaskId, responses, declared, ct);
        }
        catch (UpstreamUnavailableException e)
        {
            return new UpstreamAnswer.NotSent(e.Message);
        }
        catch (OperationCanceledException)
        {
            return new UpstreamAnswer.NotSent("nobody waits for the answer any more");
        }
    }

    private Upstream? UpstreamOf(LoadedCall call) => call.Known.Call.Scope == scope
        ? upstreams.All.FirstOrDefault(u => u.Config.Fingerprint == call.Known.Call.UpstreamFingerprint)
        : null;
}
