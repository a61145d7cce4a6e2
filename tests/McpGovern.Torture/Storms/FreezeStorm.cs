using System.Diagnostics;
using McpGovern.Calls;
using McpGovern.Tests.Crashes;
using McpGovern.Torture.Grounds;

namespace McpGovern.Torture.Storms;

/// <summary>
/// Two serving processes send calls all the time, and an operator at one of them freezes the server, the requester or all: a second after the
/// acknowledgement nothing reaches the upstream from either, and once it is lifted everything that was held back is sent once.
/// </summary>
internal sealed class FreezeStorm(string engine) : Storm
{
    private const string StaleCache = "stale cache";
    private const int FreezesPerGround = 25, Nodes = 2;

    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(1), Frozen = TimeSpan.FromSeconds(1.5), LongestStill = TimeSpan.FromSeconds(20);
    private static readonly (string Kind, string? Name)[] Targets = [("server", "payments"), ("actor", CrashWorld.Agent), ("all", null)];

    public override string Name => $"freezes under load, {engine}";
    public override string Unit => "freezes";
    public override int Full => 100;
    public override IReadOnlyList<(string, int)> Controls => [(StaleCache, Targets.Length)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        while (tally.Done < count)
        {
            await using var ground = await Ground.CreateAsync(engine);
            await using var agent = AgentClient.LaunchHttp(ground.World.Settings, "0s");
            await using var other = bug is null
                ? AgentClient.LaunchHttp(ground.World.Settings, "0s") : AgentClient.Launch(ground.World.Settings, fault: HastyStore.StaleFreezes);
            AgentClient[] agents = [agent, other];
            if (!(await Task.WhenAll(agents.Select(one => one.ConnectAsync()))).All(isConnected => isConnected))
            {
                throw new InvalidOperationException($"{agent.Process.Errors}{other.Process.Errors}");
            }

            // The node of the control has no door but its agent's.
            var doors = agents.Take(bug is null ? Nodes : 1).Select(one => one.Address).ToArray();
            RestDecider[] deciders = [.. doors.Select(door => new RestDecider(door, "alice"))];
            RestFreezer[] freezers = [.. doors.Select(door => new RestFreezer(door))];
            try
            {
                await using var load = new SteadyLoad(agents, deciders);
                await FreezeAgainAndAgainAsync(ground, load, freezers, tally, Math.Min(FreezesPerGround, count - tally.Done), random);
                await load.EndAsync();
                if (bug is null)
                {
                    await JudgeAsync(ground, load, tally, agents);
                }
            }
            finally
            {
                Array.ForEach(deciders, decider => decider.Dispose());
                Array.ForEach(freezers, freezer => freezer.Dispose());
            }
        }
    }

    private static async Task FreezeAgainAndAgainAsync(
        Ground ground, SteadyLoad load, RestFreezer[] freezers, Tally tally, int freezes, Random random)
    {
        await FlowAsync(ground, since: 0, held: []);
        for (var n = 0; n < freezes; n++)
        {
            var (kind, name) = Targets[tally.Done % Targets.Length];
            await freezers[random.Next(freezers.Length)].FreezeAsync(kind, name);
            var acknowledged = Stopwatch.GetTimestamp();
            await Task.Delay(Frozen + TimeSpan.FromMilliseconds(random.Next(100)));
            string[] approved = [.. load.Approved.Keys];
            var lifted = Stopwatch.GetTimestamp();
            var arrived = ground.Upstream.Arrivals.Where(one => one.At < lifted).ToArray();
            await freezers[random.Next(freezers.Length)].UnfreezeAsync(kind, name);
            var after = arrived.Where(one => one.At > acknowledged).Select(one => Stopwatch.GetElapsedTime(acknowledged, one.At));
            Judge(tally, $"{kind} {name}", [.. after]);
            string[] held = [.. approved.Except(arrived.Select(one => one.Payment))];
            tally.Note("calls held back", held.Length);
            tally.NoteMost("most ms until they were sent", (long)(await FlowAsync(ground, lifted, held)).TotalMilliseconds);
            tally.Count();
        }
    }

    private static void Judge(Tally tally, string target, TimeSpan[] after)
    {
        tally.NoteMost("most ms from the acknowledgement to the last call", (long)after.DefaultIfEmpty().Max().TotalMilliseconds);
        if (after.Count(one => one > Promised) is > 0 and var late)
        {
            tally.Violation($"{target} was frozen, and {late} calls came more than {Promised.TotalSeconds} s later, the last after {after.Max()}");
        }
    }

    /// <summary>Waits until both nodes send, and all that was held back is sent.</summary>
    /// <exception cref="InvalidOperationException">They do not: either the freeze is not lifted, or the storm sees nothing.</exception>
    private static async Task<TimeSpan> FlowAsync(Ground ground, long since, string[] held)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var arrived = ground.Upstream.Arrivals.ToArray();
            var still = Enumerable.Range(0, Nodes).Where(node => !arrived.Any(one => one.At > since && IsLook(one.Payment, node))).ToArray();
            var kept = held.Except(arrived.Select(one => one.Payment)).ToArray();
            var took = Stopwatch.GetElapsedTime(began);
            if (still.Length == 0 && kept.Length == 0)
            {
                return took;
            }

            if (took > LongestStill)
            {
                throw new InvalidOperationException(
                    $"{took} after nothing is frozen, nodes [{string.Join(", ", still)}] send nothing and [{string.Join(", ", kept)}] are held back");
            }

            await Task.Delay(20);
        }
    }

    private static async Task JudgeAsync(Ground ground, SteadyLoad load, Tally tally, AgentClient[] agents)
    {
        foreach (var callId in await ground.FinishAsync(LongestStill))
        {
            tally.Violation($"stuck: {callId} is {await ground.StatusAsync(callId)}: {string.Concat(agents.Select(agent => agent.Process.Errors))}");
        }

        foreach (var wrong in await Oracle.LookAsync(ground.World, load.Journal))
        {
            tally.Violation(wrong);
        }

        var sent = (await ground.World.AllCallsAsync())
            .Select(call => (Payment: CrashWorld.PaymentOf(call), call.Events.OfType<DispatchStarted>().LastOrDefault()?.Process)).ToArray();
        for (var node = 0; node < Nodes; node++)
        {
            // What a node looks at it sends itself: so its name is known.
            var process = sent.First(one => one.Process is not null && IsLook(one.Payment, node)).Process;
            var payments = sent.Count(one => one.Process == process && one.Payment.StartsWith("pay-", StringComparison.Ordinal));
            tally.Note($"payments sent by node {node + 1}", payments);
            if (payments == 0)
            {
                throw new InvalidOperationException($"the storm is blind: node {node + 1} sent no payment");
            }
        }
    }

    private static bool IsLook(string payment, int node) => payment.StartsWith(SteadyLoad.Look(node), StringComparison.Ordinal);
}
