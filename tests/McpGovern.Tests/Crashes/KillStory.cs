using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>One agent's story over many lives of the process that serves it, each ended by SIGKILL at a chosen place.</summary>
internal sealed class KillStory(CrashWorld world, int seed, string? fault = null)
{
    private readonly Random random = new(seed);
    private readonly List<string> payments = [];
    private readonly List<string> wrong = [];
    private int life;

    public Journal Journal { get; } = new();
    public IReadOnlyList<string> Wrong => wrong;
    public StoryTable Table { get; } = new();

    /// <summary>A life: the agent asks for new payments, asks again for those it heard nothing of, and fetches results; people decide; the process is killed.</summary>
    public async Task LiveAsync(Place place)
    {
        payments.AddRange(Payments.OfLife(++life));
        var progress = new Progress(world, Journal, payments);
        await progress.MarkAsync();
        // Too young to claim anything by itself, a process runs only what its client waits for.
        var hold = place == Place.Approved || (place < Place.Dispatched && random.Next(2) == 0) || random.Next(3) == 0 ? "0s" : "30s";
        await using var deciders = new Deciders(world, Journal, new Random(random.Next()));
        using var stop = new CancellationTokenSource();
        var overHttp = fault is null && place != Place.Approved && random.Next(3) == 0;
        await using (var agent = overHttp ? AgentClient.LaunchHttp(world.Settings, hold) : AgentClient.Launch(world.Settings, hold, fault))
        {
            var asking = AskAsync(agent);
            var deciding = place is Place.WhileParking or Place.Parked ? Task.CompletedTask : deciders.DecideAsync(stop.Token);
            await progress.ReachAsync(place, random, () => $"life {life} over {(overHttp ? "HTTP" : "stdio")}, hold {hold}, seed {seed}; the process says:\n{agent.Process.Errors}");
            var from = TimeProvider.System.GetUtcNow();
            await agent.KillAsync();
            Journal.Kills.Add((from, TimeProvider.System.GetUtcNow()));
            await stop.CancelAsync();
            await asking;
            await deciding;
        }

        wrong.AddRange((await Oracle.LookAsync(world, Journal)).Select(fault => $"{fault} (life {life}, killed at {place})"));
        await Table.AddAsync(place, overHttp, world, deciders);
    }

    /// <summary>A last life without a kill: everything comes to its end, and the agent has heard of all of it.</summary>
    public async Task SettleAsync()
    {
        await using var deciders = new Deciders(world, Journal, new Random(random.Next()));
        using var stop = new CancellationTokenSource();
        await using var agent = AgentClient.Launch(world.Settings);
        Assert.True(await agent.ConnectAsync());
        var deciding = deciders.DecideAsync(stop.Token);
        await Task.WhenAll(payments.Select(payment => HearTheEndAsync(agent, payment)));
        await stop.CancelAsync();
        await deciding;
        wrong.AddRange(await Oracle.LookAtTheEndAsync(world, Journal, payments));
    }

    private async Task AskAsync(AgentClient agent)
    {
        if (await agent.ConnectAsync())
        {
            await Task.WhenAll(payments.Select(payment => Journal.Parked.ContainsKey(payment) ? FetchAsync(agent, payment) : SubmitAsync(agent, payment)));
        }
    }

    private async Task SubmitAsync(AgentClient agent, string payment)
    {
        if (await agent.SubmitAsync(payment, callId => Journal.Parked[payment] = callId) is { } heard)
        {
            Journal.Hear(payment, heard);
            await FetchAsync(agent, payment);
        }
    }

    // Until the process is gone, or there is a result.
    private async Task FetchAsync(AgentClient agent, string payment)
    {
        while (!Journal.Delivered.ContainsKey(payment) && Payments.IntentOf(payment) == Intent.Approve
            && Journal.Parked.TryGetValue(payment, out var callId) && await agent.FetchAsync(callId) is { Status: not "outcome_unknown" } heard)
        {
            Journal.Hear(payment, heard);
        }
    }

    private async Task HearTheEndAsync(AgentClient agent, string payment)
    {
        if (!Journal.Parked.ContainsKey(payment))
        {
            Journal.Hear(payment, (await agent.SubmitAsync(payment))!);
        }

        string[] ends = Payments.IntentOf(payment) switch
        {
            Intent.Approve => ["succeeded", "failed", "outcome_unknown"],
            Intent.Reject => ["rejected"],
            _ => ["pending"],
        };
        Heard? last = null;
        // The lease and the sweep are 15 s; the rest is for a busy machine.
        await Eventually.TrueAsync(
            async () =>
            {
                last = await agent.FetchAsync(Journal.Parked[payment]);
                Journal.Hear(payment, last!);
                return ends.Contains(last!.Status);
            },
            () => $"{payment} is stuck: {last}; seed {seed}; the process says:\n{agent.Process.Errors}");
    }
}
