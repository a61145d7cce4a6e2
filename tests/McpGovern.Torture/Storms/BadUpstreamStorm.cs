using McpGovern.Calls;
using McpGovern.Tests.Crashes;
using McpGovern.Torture.Grounds;

namespace McpGovern.Torture.Storms;

/// <summary>An upstream that pays and then hangs, dies in the middle of its answer, answers late, wrongly or for somebody else: sent once, and never called what it may not be.</summary>
internal sealed class BadUpstreamStorm(string engine) : Storm
{
    private const string PaysTwice = "an effect that happens twice", CalledFailed = "what is unknown is called known";
    private const int AtOnce = 16;

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(8), LongestStuck = CallTimeout + TimeSpan.FromSeconds(20), Late = CallTimeout + TimeSpan.FromSeconds(4);

    private static readonly (string Behaviour, string[] Ends)[] Behaviours =
    [
        ("hang", ["outcome_unknown"]), ("late", ["outcome_unknown", "resolved"]), ("cut", ["outcome_unknown"]), ("reset", ["outcome_unknown"]),
        ("broken", ["outcome_unknown"]), ("garbage", ["outcome_unknown"]), ("other", ["outcome_unknown"]), ("refused", ["failed"]), ("ok", ["succeeded"]), ("ok", ["succeeded"]),
    ];

    public override string Name => $"upstreams that misbehave after the effect, {engine}";
    public override string Unit => "calls";
    public override int Full => 500;
    public override IReadOnlyList<(string, int)> Controls => [(PaysTwice, 1), (CalledFailed, 10)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var ground = await Ground.CreateAsync(engine, callTimeout: $"{CallTimeout.TotalSeconds}s", paysTwice: bug == PaysTwice);
        ground.Upstream.Late = Late;
        await using var agent = AgentClient.LaunchHttp(ground.World.Settings, "0s");
        if (!await agent.ConnectAsync())
        {
            throw new InvalidOperationException(agent.Process.Errors);
        }

        using var alice = new RestDecider(agent.Address, "alice");
        var order = Enumerable.Range(0, count).Select(n => (Behaviours[n % Behaviours.Length].Behaviour, Behaviours[n % Behaviours.Length].Ends, Name: n)).ToArray();
        random.Shuffle(order);
        await Parallel.ForEachAsync(order, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (one, _) =>
        {
            var callId = (await agent.SubmitAsync($"pay-{one.Behaviour}-{one.Name}"))!.CallId!;
            var word = await alice.ApproveAsync(callId);
            var status = await EndAsync(ground, callId);
            tally.Note($"{one.Behaviour}: {status}");
            if (word != "recorded" || !(bug == CalledFailed ? ["succeeded", "failed"] : one.Ends).Contains(status))
            {
                tally.Violation($"{callId}, {word}, is {status}: the upstream was to '{one.Behaviour}'; {agent.Process.Errors}");
            }

            tally.Count();
        });
        // The late ones have answered, and two sweeps have passed, in which something might be sent again.
        await Task.Delay(TimeSpan.FromSeconds(9), CancellationToken.None);
        await JudgeAsync(ground, tally);
    }

    private static async Task<string> EndAsync(Ground ground, string callId)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var status = await ground.StatusAsync(callId);
            if (status is not ("approved" or "dispatching") || TimeProvider.System.GetElapsedTime(began) > CallTimeout + LongestStuck)
            {
                return status;
            }

            await Task.Delay(50);
        }
    }

    private static async Task JudgeAsync(Ground ground, Tally tally)
    {
        var paid = ground.Paid();
        foreach (var call in await ground.World.AllCallsAsync())
        {
            if (paid.GetValueOrDefault(call.CallId) != 1 || call.Events.OfType<DispatchStarted>().Count() != 1)
            {
                tally.Violation($"{CrashWorld.PaymentOf(call)}, {call.CallId}, was paid {paid.GetValueOrDefault(call.CallId)} times: {string.Join(", ", call.Events.Select(e => e.GetType().Name))}");
            }
        }
    }
}
