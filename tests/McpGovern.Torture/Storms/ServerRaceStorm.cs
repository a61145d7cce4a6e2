using System.Collections.Concurrent;
using System.Diagnostics;
using McpGovern.Calls;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;
using McpGovern.Torture.Grounds;

namespace McpGovern.Torture.Storms;

/// <summary>
/// Two to four serving processes are asked to decide, cancel and show the same calls at once, while these expire and are sent and policies
/// are read again: each call looks like one thing to all who ask, and is paid once if it was approved.
/// </summary>
internal sealed class ServerRaceStorm(string engine) : Storm
{
    private const string Forged = "one more answer that is not true";
    private const int CallsPerGround = 500, AtOnce = 40;

    // Its lease and 10 seconds.
    private static readonly TimeSpan LongestStuck = TimeSpan.FromSeconds(20);
    private static readonly string[] Ended = ["succeeded", "rejected", "cancelled", "expired", "invalidated"];

    public override string Name => $"servers race, {engine}";
    public override string Unit => "raced calls";
    public override int Full => 5_000;
    public override IReadOnlyList<(string, int)> Controls => [(Forged, AtOnce)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        while (tally.Done < count)
        {
            await using var ground = await Ground.CreateAsync(engine);
            await using var agent = AgentClient.LaunchHttp(ground.World.Settings, "0s");
            var others = await Task.WhenAll(Enumerable.Range(0, random.Next(1, 4)).Select(_ => GovernProcess.ServeAsync(ground.World.Settings)));
            try
            {
                if (!await agent.ConnectAsync())
                {
                    throw new InvalidOperationException(agent.Process.Errors);
                }

                using var doors = new Doors([agent.Address, .. others.Select(other => other.Address)]);
                await RaceAsync(ground, agent, doors, tally, Math.Min(CallsPerGround, count - tally.Done), random, bug);
                tally.Note("servers started", 1 + others.Length);
            }
            finally
            {
                await Task.WhenAll(others.Select(other => other.DisposeAsync().AsTask()));
            }
        }
    }

    private static async Task RaceAsync(Ground ground, AgentClient agent, Doors doors, Tally tally, int calls, Random random, string? bug)
    {
        using var stop = new CancellationTokenSource();
        var changing = ChangeAsync(ground, stop.Token);
        var journal = new Journal();
        var work = Enumerable.Range(0, calls).Select(n => (Payment: $"{KindOf(random)}-ok-{n}", Seed: random.Next())).ToArray();
        await Parallel.ForEachAsync(work, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (one, _) =>
        {
            var heard = (await agent.SubmitAsync(one.Payment))!;
            journal.Hear(one.Payment, heard);
            var history = await doors.AskAllAsync(heard.CallId!, one.Payment.StartsWith("short", StringComparison.Ordinal), new Random(one.Seed));
            if (bug is not null && history.Any(o => o.What.Answer == "recorded"))
            {
                var end = history.Max(o => o.Returned) + 1;
                history.Add(new(one.Seed % 2 == 0 ? new("dave", "reject", "recorded") : new("dave", "read", "pending"), end, end + 1));
            }

            tally.Note("requests", history.Count);
            // A call whose rule was changed may be ended for that: whoever is told so is judged by the ledger alone.
            if (!one.Payment.StartsWith("moved", StringComparison.Ordinal))
            {
                tally.Note("histories checked");
                if (!Linearizability.Holds(history, CallAsOneThing.Start, CallAsOneThing.Apply))
                {
                    tally.Violation($"not as one after the other, {heard.CallId}: {string.Join("; ", history.OrderBy(o => o.Called))}");
                }
            }

            tally.Count();
        });
        await stop.CancelAsync();
        await changing;
        await JudgeAsync(ground, agent, journal, tally);
    }

    private static async Task JudgeAsync(Ground ground, AgentClient agent, Journal journal, Tally tally)
    {
        foreach (var callId in await ground.FinishAsync(LongestStuck))
        {
            tally.Violation($"stuck: {callId} is {await ground.StatusAsync(callId)}: {agent.Process.Errors}");
        }

        foreach (var wrong in await Oracle.LookAsync(ground.World, journal))
        {
            tally.Violation(wrong);
        }

        var paid = ground.Paid();
        foreach (var (payment, callId) in journal.Parked)
        {
            // The last ones may have come past their deadline just now: a sweep says so.
            var (began, status) = (TimeProvider.System.GetTimestamp(), await ground.StatusAsync(callId));
            while (status == "pending" && TimeProvider.System.GetElapsedTime(began) < LongestStuck)
            {
                await Task.Delay(100);
                status = await ground.StatusAsync(callId);
            }

            tally.Note(status);
            if (!Ended.Contains(status) || paid.ContainsKey(callId) != (status == "succeeded"))
            {
                tally.Violation($"{payment}, {callId}, is {status} and was paid {paid.GetValueOrDefault(callId)} times");
            }
        }
    }

    private static string KindOf(Random random) => random.Next(10) switch { 0 or 1 => "short", 2 => "moved", _ => "pay" };

    private static async Task ChangeAsync(Ground ground, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            ground.ChangePolicy();
            await Task.Delay(500, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Everybody's connections to every server.</summary>
    private sealed class Doors(Uri[] servers) : IDisposable
    {
        private readonly ConcurrentDictionary<(Uri, string), RestDecider> deciders = new();

        public async Task<List<Operation<Asked>>> AskAllAsync(string callId, bool isShort, Random random)
        {
            (string By, string Verb)[] asks =
            [
                ("alice", "approve"), ("alice", "approve"), ("bob", "reject"), ("carol", "approve"), (random.Next(2) == 0 ? CrashWorld.Agent : CrashWorld.Operator, "cancel"),
                ("alice", "read"), ("bob", "read"), ("carol", "read"),
            ];
            random.Shuffle(asks);
            // Around its deadline, or all at once.
            var mine = asks.Select(ask => (Ask: ask, Server: servers[random.Next(servers.Length)], After: isShort ? random.Next(850, 1150) : random.Next(40))).ToArray();
            return [.. await Task.WhenAll(mine.Select(async m =>
            {
                var decider = deciders.GetOrAdd((m.Server, m.Ask.By), key => new RestDecider(key.Item1, key.Item2));
                await Task.Delay(m.After);
                var called = Stopwatch.GetTimestamp();
                var answer = m.Ask.Verb == "read" ? await decider.ReadStatusAsync(callId) : await decider.AskAsync(m.Ask.Verb, callId);
                return new Operation<Asked>(new(m.Ask.By, m.Ask.Verb, answer), called, Stopwatch.GetTimestamp());
            }))];
        }

        public void Dispose()
        {
            foreach (var decider in deciders.Values)
            {
                decider.Dispose();
            }
        }
    }
}
