using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Grounds;

/// <summary>Many lives of a gateway over one ground, each spoiled at a fault point and ended by SIGKILL; in the end everything must be right.</summary>
internal sealed class FaultLives(Ground ground, Tally tally)
{
    // Its lease and 10 seconds.
    private static readonly TimeSpan LongestStuck = TimeSpan.FromSeconds(20), StartLimit = TimeSpan.FromSeconds(60), TwoSweeps = TimeSpan.FromSeconds(4.5);

    private readonly FaultWalks walks = new(ground);
    private readonly HashSet<string> doubtful = [];
    private bool isPrepared;
    private int life;

    /// <returns>Whether the point was reached.</returns>
    public async Task<bool> LiveAsync(FaultPlan plan)
    {
        walks.Add(++life);
        using var reached = new TempFolder();
        var began = TimeProvider.System.GetUtcNow();
        await using var agent = AgentClient.LaunchHttp(ground.World.Settings, "0s", Environment($"record:{reached.Path};{plan}"));
        var playing = PlayToTheEndAsync(agent, plan, reached);
        await Task.WhenAny(playing, Task.Delay(StartLimit + LongestStuck));
        var isDead = agent.Process.HasExited;
        if (plan is { Action: "hang", Point: not FaultPlan.Migration } && File.Exists(reached.File(plan.Point)))
        {
            await BesideAsync();
        }

        await agent.KillAsync();
        await playing;
        var isReached = plan.IsKill ? isDead && agent.Process.ExitCode == 137 : File.Exists(reached.File(plan.Point));
        walks.Journal.Kills.Add((began, TimeProvider.System.GetUtcNow()));
        await JudgeAsync($"life {life}, {plan}", isLostTrackOf: plan is { Action: "throw", Point: "dispatch_before_first_byte" });
        return isReached;
    }

    /// <summary>A last life without a fault: everything comes to its end in time.</summary>
    public async Task SettleAsync()
    {
        await using (var agent = AgentClient.LaunchHttp(ground.World.Settings, "0s"))
        {
            if (!await agent.ConnectAsync())
            {
                throw new InvalidOperationException($"the last life did not start: {agent.Process.Errors}");
            }

            await PrepareAsync();
            var began = TimeProvider.System.GetTimestamp();
            await walks.WalkAllAsync(agent, () => false);
            foreach (var callId in await ground.FinishAsync(LongestStuck))
            {
                tally.Violation($"stuck: {callId} is {await ground.StatusAsync(callId)} after {LongestStuck.TotalSeconds} s; {agent.Process.Errors}");
            }

            tally.NoteMost("most seconds until all was ended", (long)TimeProvider.System.GetElapsedTime(began).TotalSeconds);
            await walks.HearAllAsync(agent);
            await agent.KillAsync();
        }

        await JudgeTheEndAsync();
    }

    /// <summary>Another process looks around while the first one hangs and lives: what that one has sent is not to be given up, nor sent again.</summary>
    private async Task BesideAsync()
    {
        await using var other = AgentClient.LaunchHttp(ground.World.Settings, "0s");
        if (!await other.ConnectAsync())
        {
            throw new InvalidOperationException($"a process beside one that hangs did not start: {other.Process.Errors}");
        }

        await Task.Delay(TwoSweeps);
        await other.KillAsync();
        tally.Note("processes beside one that hangs");
    }

    private static Dictionary<string, string?> Environment(string plan) => new()
    {
        [McpGovern.Calls.FaultPoints.Variable] = plan,
        // What pays off later only makes each short life longer.
        ["DOTNET_TieredPGO"] = "0",
    };

    // Its end may be seen by the client before it is known of the process.
    private async Task PlayToTheEndAsync(AgentClient agent, FaultPlan plan, TempFolder reached)
    {
        try
        {
            await PlayAsync(agent, plan, reached);
        }
        catch (Exception) when (plan.Action is "kill" or "hang" || plan.IsDrain)
        {
            await Eventually.TrueAsync(() => agent.Process.HasExited, () => "a client broke, and its gateway lives");
        }
    }

    private async Task PlayAsync(AgentClient agent, FaultPlan plan, TempFolder reached)
    {
        if (!await agent.ConnectAsync())
        {
            return;
        }

        await PrepareAsync();
        if (plan.IsReload)
        {
            ground.ChangePolicy();
        }

        var left = await walks.WalkAllAsync(agent, () => plan.Action == "hang" && File.Exists(reached.File(plan.Point)));
        if (left.Count > 0 && plan.Action is "throw" or "delay" && !agent.Process.HasExited)
        {
            tally.Violation($"stuck in a living process after {plan}: {string.Join(", ", left)}; {agent.Process.Errors}");
        }

        if (plan.IsDrain)
        {
            await agent.Process.StopAsync(TimeSpan.FromSeconds(5)).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }

        // Expiry, reload and recovery come by themselves.
        var began = TimeProvider.System.GetTimestamp();
        var patience = TimeSpan.FromSeconds(plan.IsRecovery ? 15 : 4);
        while (!agent.Process.HasExited && !(File.Exists(reached.File(plan.Point)) && !plan.IsKill) && TimeProvider.System.GetElapsedTime(began) < patience)
        {
            await Task.Delay(20);
        }
    }

    private async Task PrepareAsync()
    {
        if (!isPrepared)
        {
            await ground.World.Store.PrepareAsync(default);
            isPrepared = true;
        }
    }

    // Before anything recovers.
    private async Task JudgeAsync(string where, bool isLostTrackOf)
    {
        if (!isPrepared)
        {
            return;
        }

        await ground.World.UntilProcessesAreForgottenAsync();
        // Only what was sent and had no outcome when a process died may become unknown, or what a living one stumbled over as it sent it.
        foreach (var callId in (await ground.World.IdsAsync("outcome_unknown")).Where(callId => !doubtful.Contains(callId)).Skip(isLostTrackOf ? 1 : 0))
        {
            tally.Violation($"{callId} is unknown, and no kill fell between its dispatch and its outcome ({where})");
        }

        doubtful.UnionWith([.. await ground.World.IdsAsync("outcome_unknown"), .. await ground.World.IdsAsync("dispatching")]);
        foreach (var wrong in await Oracle.LookAsync(ground.World, walks.Journal))
        {
            tally.Violation($"{wrong} ({where})");
        }
    }

    private async Task JudgeTheEndAsync()
    {
        foreach (var wrong in (await Oracle.LookAtTheEndAsync(ground.World, walks.Journal, walks.Decided)).Concat(await walks.LookAsync()))
        {
            tally.Violation(wrong);
        }

        var unknown = (await ground.World.IdsAsync("outcome_unknown")).ToHashSet();
        tally.Note("outcome unknown", unknown.Count);
        tally.Note("calls", walks.Count);
        if (!unknown.SetEquals(doubtful))
        {
            tally.Violation($"unknown are [{string.Join(", ", unknown)}], sent without an outcome when their process died were [{string.Join(", ", doubtful)}]");
        }
    }
}
