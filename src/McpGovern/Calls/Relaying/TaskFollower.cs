using System.Collections.Concurrent;
using McpGovern.Storage;
using McpGovern.Upstreams;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>
/// Asks upstreams about the tasks as which calls go on there, until they end, and records that. What a dead process followed is followed
/// further by another; what this one follows when it ends is left for the next.
/// </summary>
internal sealed partial class TaskFollower(
    CallStreams streams, TaskTalk talk, Outcomes outcomes, LeaseKeeper lease, TimeProvider time, ILogger<TaskFollower> log) : IAsyncDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    // An upstream that says nothing for so long has lost the task, whatever became of it.
    private static readonly TimeSpan Silence = TimeSpan.FromDays(1);

    // A process that has the upstream may come; a call that nobody could ever end has to be given up.
    private static readonly TimeSpan Orphaned = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Following> following = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> outOfReach = new();
    private readonly CancellationTokenSource stop = new();

    /// <summary>Begins to follow, where the call goes on as a task and this is the process that its record names.</summary>
    public void Start(LoadedCall? call)
    {
        if (call is { State: Dispatching { Task: { } task } } && task.Process == lease.ProcessId && !stop.IsCancellationRequested)
        {
            var begun = new Following();
            if (following.TryAdd(call.Id, begun))
            {
                begun.Task = Task.Run(() => RunAsync(call, task, begun));
            }
        }
    }

    /// <summary>Takes the task over from a dead process; nothing is sent again.</summary>
    /// <returns>Whether there was nothing else to do: the call is followed, or another process may follow it.</returns>
    public async Task<bool> AdoptAsync(LoadedCall call, string deadProcess)
    {
        if (call.State is not Dispatching { Task: not null })
        {
            return false;
        }

        if (!talk.Reaches(call))
        {
            return time.GetUtcNow() - outOfReach.GetOrAdd(call.Id, time.GetUtcNow()) < Orphaned;
        }

        await lease.EnsureAsync(default);
        FaultPoints.At(FaultPoint.AdoptBeforeAppend);
        var adopted = await streams.ExecuteAsync(call.Id, new CallCommand.Adopt(deadProcess, lease.ProcessId, time.GetUtcNow()), default);
        FaultPoints.At(FaultPoint.AdoptAppended);
        if (adopted is { New: [UpstreamTaskFollowed] })
        {
            LogAdopted(call.Id, deadProcess);
            Start(adopted.Call);
        }

        return true;
    }

    /// <summary>There is a reason to ask now.</summary>
    public void Wake(string callId)
    {
        if (following.TryGetValue(callId, out var followed))
        {
            followed.Wake();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(following.Values.Select(followed => followed.Task));
        stop.Dispose();
    }

    private async Task RunAsync(LoadedCall call, UpstreamTaskFollowed task, Following followed)
    {
        try
        {
            await FollowAsync(call, task, followed);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The call stays as it is recorded, for the next process.
        }
        // One call that cannot be followed must not end the process; while its lease runs, nobody else takes it.
        catch (Exception e)
        {
            LogBroken(e, call.Id);
        }
        finally
        {
            following.TryRemove(KeyValuePair.Create(call.Id, followed));
        }
    }

    private async Task FollowAsync(LoadedCall call, UpstreamTaskFollowed task, Following followed)
    {
        var usual = UpstreamTasks.Pause(task.PollIntervalMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null);
        var (pause, heard) = (usual, time.GetUtcNow());
        while (true)
        {
            await followed.PauseAsync(pause, time, stop.Token);
            var answer = await talk.SendAsync(call, UpstreamTasks.Get, responses: null, declared: null, stop.Token);
            stop.Token.ThrowIfCancellationRequested();
            var state = answer is UpstreamAnswer.Result result ? UpstreamTaskState.Read(result) : null;
            if (state is not null)
            {
                (usual, heard) = (UpstreamTasks.Pause(state.PollInterval ?? usual), time.GetUtcNow());
            }

            var outcome = state is null ? Lost(answer, heard) : state.Outcome ?? await WithdrawAsync(call, state);
            // A store that is away loses nothing: the upstream still knows.
            if (outcome is not null && await outcomes.RecordAsync(call, lease.ProcessId, outcome, ((Dispatching)call.State).Dispatch.At, CancellationToken.None) is not null)
            {
                return;
            }

            pause = state is not null && outcome is null ? usual : Longer(pause);
        }
    }

    private UpstreamAnswer.Lost? Lost(UpstreamAnswer answer, DateTimeOffset heard) => answer switch
    {
        UpstreamAnswer.Error { Code: UpstreamTasks.InvalidParams or UpstreamTasks.MethodNotFound } error =>
            new($"its server knows nothing of its task any more: {error.Message}"),
        _ when time.GetUtcNow() - heard > Silence => new("its server has said nothing about its task for a day"),
        _ => null,
    };

    // What a caller would answer now was not there to be approved.
    private async Task<UpstreamAnswer?> WithdrawAsync(LoadedCall call, UpstreamTaskState state)
    {
        if (state.Questions.IsEmpty || call.Known.Gate is null)
        {
            return null;
        }

        await talk.SendAsync(call, UpstreamTasks.Cancel, responses: null, declared: null, stop.Token);
        stop.Token.ThrowIfCancellationRequested();
        return new UpstreamAnswer.Stopped(
            "its server's task asked for input, which an approval does not cover; the server was told to cancel the task", Cancelled: false);
    }

    private static TimeSpan Longer(TimeSpan pause)
    {
        var doubled = TimeSpan.FromSeconds(Math.Max(0.5, pause.TotalSeconds)) * 2;
        return doubled < LongestPause ? doubled : LongestPause;
    }

    [LoggerMessage(1044, LogLevel.Information, "{CallId} goes on as a task of its server, and is followed in the place of process {Process}, which died")]
    private partial void LogAdopted(string callId, string process);

    [LoggerMessage(1045, LogLevel.Error, "{CallId} goes on as a task of its server, and could not be followed")]
    private partial void LogBroken(Exception e, string callId);

    private sealed class Following
    {
        private volatile TaskCompletionSource wake = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task { get; set; } = Task.CompletedTask;

        public void Wake() => wake.TrySetResult();

        public async Task PauseAsync(TimeSpan pause, TimeProvider time, CancellationToken ct)
        {
            await wake.Task.WaitAsync(pause, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
            if (wake.Task.IsCompleted)
            {
                wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
