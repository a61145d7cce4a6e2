using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>
/// One story that comes past every fault point: a start on an empty store, calls that are allowed, run, cancelled and expired, a changed
/// policy, a recovery and an orderly end. A process that dies is followed by one without the fault; in the end everything must be right.
/// </summary>
/// <param name="fault">What <see cref="FaultPoints.Variable"/> says to the serving processes; a recording story plays all scenes.</param>
internal sealed class FaultStory(CrashWorld world, string fault) : IAsyncDisposable
{
    private const int Killed = 137;
    private const string DiesWithAnAnswer = "outcome_before_append:1:kill", Cancelled = "leave-1";
    private static readonly string[] Paid = ["pay-1", "pay-2", "pay-3"], Short = ["short-1", "short-2"], Ended = ["succeeded", "failed", "outcome_unknown"];

    /// <summary>Points that nobody passes who makes no tasks, as the payments do not: <see cref="UpstreamTaskKillTests"/> and <see cref="TaskInputKillTests"/> kill there.</summary>
    public static IReadOnlyList<string> OfTasks { get; } = [.. FaultPoints.Names.Where(name => name.Split('_')[0] is "follow" or "input" or "round" or "adopt")];

    private readonly Journal journal = new();
    private readonly List<string> wrong = [];
    private AgentClient? agent;
    private string? planned, dies;
    private bool isPrepared;

    /// <summary>Processes that ended without being asked to, by the fault.</summary>
    public int Deaths { get; private set; }

    /// <returns>What was wrong.</returns>
    public async Task<IReadOnlyList<string>> RunAsync()
    {
        var began = TimeProvider.System.GetUtcNow();
        planned = fault;
        await LookAsync();
        foreach (var payment in Paid)
        {
            await ParkAsync(payment);
        }

        await DecideAsync("pay-1", "alice", "approve");
        await HearAsync("pay-1", Ended);
        await ParkAsync(Cancelled);
        await DecideAsync(Cancelled, CrashWorld.Agent, "cancel");
        await ExpireAsync();
        await ReloadAsync();
        await RecoverAsync();
        await HearAsync("pay-2", Ended);
        await DecideAsync("pay-3", "alice", "approve");
        await HearAsync("pay-3", Ended);
        await StopAsync();

        (planned, dies) = (null, null);
        foreach (var payment in Paid)
        {
            await HearAsync(payment, Ended);
        }

        await HearAsync(Cancelled, ["cancelled"]);
        journal.Kills.Add((began, TimeProvider.System.GetUtcNow()));
        wrong.AddRange(await Oracle.LookAtTheEndAsync(world, journal, Paid));
        return wrong;
    }

    public ValueTask DisposeAsync() => agent?.DisposeAsync() ?? default;

    /// <summary>A world whose store nobody has prepared, with a policy in a file of its own.</summary>
    public static async Task<CrashWorld> CreateWorldAsync(string store)
    {
        var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero, prepare: false);
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(world.Settings))!.AsObject();
        settings.Remove("policy");
        settings["policies"] = new JsonArray("policy.yaml");
        await File.WriteAllTextAsync(world.Settings, settings.ToJsonString());
        WritePolicy(world, "1h");
        return world;
    }

    private bool IsRecorded => fault.StartsWith("record", StringComparison.Ordinal);

    private bool Plays(string scene) => IsRecorded || fault.StartsWith(scene, StringComparison.Ordinal);

    private static void WritePolicy(CrashWorld world, string deadline) => WholeFile.Replace(Path.Combine(Path.GetDirectoryName(world.Settings)!, "policy.yaml"), $$"""
        default: deny
        allow: [payments.fetch_payment_details]
        require_approval_for:
          - { tools: payments.submit, when: { payment_id: { glob: "short-*" } }, deadline: 1s }
          - { tools: payments.submit, when: { payment_id: { glob: "leave-*" } }, deadline: {{deadline}} }
          - { tools: payments.submit, when: { payment_id: { glob: "pay-*" } }, deadline: 1h }
        """);

    private Task LookAsync() => StepAsync("look", async () => await agent!.LookAsync() is { IsError: false });

    private Task ParkAsync(string payment) => StepAsync($"park {payment}", async () =>
    {
        var heard = await agent!.SubmitAsync(payment);
        if (heard is { CallId: not null })
        {
            journal.Hear(payment, heard);
        }

        return heard is { CallId: not null };
    });

    private Task DecideAsync(string payment, string by, string verb) => StepAsync($"{verb} {payment}", async () =>
    {
        using var decider = new RestDecider(agent!.Address, by);
        var callId = journal.Parked[payment];
        var word = await decider.AskAsync(verb, callId);
        if (word is "recorded" or "already_recorded" && verb == "approve")
        {
            journal.Decided[callId] = "approved";
        }

        return word is "recorded" or "already_recorded";
    });

    private Task HearAsync(string payment, string[] ends) => StepAsync($"the end of {payment}", async () =>
    {
        var heard = await agent!.FetchAsync(journal.Parked[payment], waitSeconds: 1);
        if (heard is not null)
        {
            journal.Hear(payment, heard);
        }

        return ends.Contains(heard?.Status);
    }, isNeeded: planned is null);

    private async Task ExpireAsync()
    {
        if (Plays("expire"))
        {
            foreach (var payment in Short)
            {
                await ParkAsync(payment);
            }

            foreach (var payment in Short)
            {
                await StepAsync($"the expiry of {payment}", async () => await StatusAsync(payment) == "expired");
            }
        }
    }

    private async Task ReloadAsync()
    {
        if (Plays("reload"))
        {
            var before = Deaths;
            WritePolicy(world, "2h");
            await StepAsync("the reload", () => Task.FromResult(Deaths > before || agent!.Process.Errors.Contains("The policy was read again", StringComparison.Ordinal)));
        }
    }

    private async Task RecoverAsync()
    {
        if (Plays("recover"))
        {
            // It is sent, and the process dies with its answer: the next one finds it.
            dies = DiesWithAnAnswer;
            await StopAsync();
            await DecideAsync("pay-2", "alice", "approve");
            await StepAsync("the recovery", async () => await StatusAsync("pay-2") is "outcome_unknown");
        }
        else
        {
            await DecideAsync("pay-2", "alice", "approve");
        }
    }

    /// <summary>An orderly end, in which it may be killed too.</summary>
    private async Task StopAsync()
    {
        if (agent is not null)
        {
            agent.ExpectEnd();
            Deaths += (await agent.Process.StopAsync()).ExitCode == Killed ? 1 : 0;
            await agent.DisposeAsync();
            agent = null;
        }
    }

    private async Task<string> StatusAsync(string payment) => Oracle.StatusOf((await world.Store.LoadAsync(journal.Parked[payment], default))!);

    /// <summary>Tries until it is done: the process may be killed meanwhile, or say that its store is away.</summary>
    private async Task StepAsync(string what, Func<Task<bool>> step, bool isNeeded = true)
    {
        var (began, last) = (TimeProvider.System.GetTimestamp(), "");
        while (TimeProvider.System.GetElapsedTime(began) < (isNeeded ? Eventually.Limit : TimeSpan.FromSeconds(5)))
        {
            try
            {
                await ServeAsync();
                if (await step())
                {
                    return;
                }
            }
            // Whatever the client met: the process is looked at next, and what stays wrong is told.
            catch (Exception e)
            {
                last = $"{e.GetType().Name}: {e.Message}";
            }

            await Task.Delay(25);
        }

        if (isNeeded)
        {
            wrong.Add($"stuck at '{what}': {last}; the process says:\n{agent?.Process.Errors}");
        }
    }

    private async Task ServeAsync()
    {
        if (agent is { Process.HasExited: false })
        {
            return;
        }

        if (agent is not null)
        {
            await FollowAsync(agent);
        }

        var plans = string.Join(';', new[] { planned, dies }.Where(plan => plan is not null));
        agent = AgentClient.LaunchHttp(world.Settings, "0s", new Dictionary<string, string?> { [FaultPoints.Variable] = plans });
        if (await agent.ConnectAsync() && !isPrepared)
        {
            await world.Store.PrepareAsync(default);
            isPrepared = true;
        }
    }

    private async Task FollowAsync(AgentClient dead)
    {
        // Whichever it died of is over; a recording goes on.
        (planned, dies) = dies is null && !IsRecorded ? (null, null) : (planned, (string?)null);
        Deaths++;
        await dead.DisposeAsync();
        agent = null;
        if (isPrepared)
        {
            wrong.AddRange(await Oracle.LookAsync(world, journal));
        }
    }
}
