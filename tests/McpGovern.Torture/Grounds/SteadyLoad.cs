using System.Collections.Concurrent;
using McpGovern.Tests.Crashes;

namespace McpGovern.Torture.Grounds;

/// <summary>Calls without end through every node alike: payments, each approved as soon as it is parked, and looks, which policy allows.</summary>
internal sealed class SteadyLoad : IAsyncDisposable
{
    private const int PayingLanes = 2;

    // Otherwise what is held back while nothing is sent grows faster than it is sent afterwards.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource stop = new();
    private readonly IReadOnlyList<RestDecider> deciders;
    private readonly Task lanes;
    private int asked;

    /// <param name="deciders">In turn: a call may be approved at another node than it was parked at.</param>
    public SteadyLoad(IReadOnlyList<AgentClient> agents, IReadOnlyList<RestDecider> deciders)
    {
        this.deciders = deciders;
        lanes = Task.WhenAll(agents.SelectMany((agent, node) =>
            Enumerable.Range(0, PayingLanes).Select(_ => RepeatAsync(() => PayAsync(agent, node)))
                .Append(RepeatAsync(() => agent.LookAsync(NextOf(Look(node)))))));
    }

    public Journal Journal { get; } = new();

    /// <summary>Payments whose approval was acknowledged.</summary>
    public ConcurrentDictionary<string, bool> Approved { get; } = new();

    /// <summary>How the name begins of whatever is looked at through the node, and so sent by it.</summary>
    public static string Look(int node) => $"look-ok-{node}-";

    /// <exception cref="Exception">What a lane ended with before its time.</exception>
    public async Task EndAsync()
    {
        await stop.CancelAsync();
        await lanes;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await lanes.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task RepeatAsync(Func<Task> ask)
    {
        while (!stop.IsCancellationRequested)
        {
            await ask();
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private async Task PayAsync(AgentClient agent, int node)
    {
        var payment = NextOf($"pay-ok-{node}-");
        var heard = (await agent.SubmitAsync(payment))!;
        Journal.Hear(payment, heard);
        var callId = heard.CallId ?? throw new InvalidOperationException($"{payment} was not parked: {heard.Text}");
        if (await deciders[Interlocked.Increment(ref asked) % deciders.Count].ApproveAsync(callId) is not "recorded" and var other)
        {
            throw new InvalidOperationException($"{payment} was not approved: {other}");
        }

        Journal.Decided[callId] = "approved";
        Approved[payment] = true;
    }

    private string NextOf(string what) => $"{what}{Interlocked.Increment(ref asked)}";
}
