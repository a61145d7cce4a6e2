using System.Diagnostics;
using McpGovern.Calls;
using McpGovern.Tests.Processes;
using Xunit.Abstractions;

namespace McpGovern.Tests.Crashes;

/// <summary>Several serving processes over one store: each approved call is run by exactly one of them.</summary>
public sealed class RaceTests(ITestOutputHelper output)
{
    [SkippableTheory]
    [InlineData("postgres", 200)]
    [InlineData("sqlite", 40)]
    public async Task Calls_ApprovedAtOnceThroughTwoServers_RunOnceEach(string store, int count)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        // Both are older than the process that parks the calls, which is gone before the first is approved.
        await using var one = await GovernProcess.ServeAsync(world.Settings);
        await using var two = await GovernProcess.ServeAsync(world.Settings);
        await ParkAsync(world.Settings, Enumerable.Range(0, count).Select(n => $"pay-{n}"));
        var pending = await world.IdsAsync("pending");
        Assert.Equal(count, pending.Count);

        var answers = await Task.WhenAll(CrashWorld.People.Select((person, n) => ApproveAllAsync((n % 2 == 0 ? one : two).Address, person, pending, seed: n)));

        await Eventually.TrueAsync(
            async () => (await world.IdsAsync("succeeded")).Count == count,
            () => $"not every call ran; the servers say:\n{one.Process.Errors}\n{two.Process.Errors}", TimeSpan.FromMinutes(3));
        var calls = await world.AllCallsAsync();
        var dispatchers = calls.GroupBy(call => call.Events.OfType<DispatchStarted>().Single().Process).Select(g => g.Count());
        output.WriteLine($"""
            | store | calls | decisions asked for | recorded | ledger lines | run by each process |
            |---|---|---|---|---|---|
            | {store} | {count} | {answers.Sum(a => a.Count)} | {answers.Sum(a => a.Count(word => word == "recorded"))} | {world.ReadLedger().Count} | {string.Join(" + ", dispatchers)} |
            """);
        Assert.Equal(count, answers.Sum(words => words.Count(word => word == "recorded")));
        Assert.Equal(calls.Select(call => call.CallId).Order(), world.ReadLedger().Select(line => line.CallId).Order());
        Assert.All(calls, call => Assert.Single(call.Events.OfType<ApprovalReceived>()));
        Assert.All(calls, call => Assert.Single(call.Events.OfType<CallSucceeded>()));
    }

    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Calls_OfAnotherScopeOrUpstream_AreLeftToTheirOwnProcess(string store)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        var scoped = world.WriteSettings("scoped", "another-scope", "main", TimeSpan.Zero);
        var elsewhere = world.WriteSettings("elsewhere", CrashWorld.Scope, "elsewhere", TimeSpan.Zero);
        await ParkAsync(world.Settings, ["pay-main-1", "pay-main-2"]);
        await ParkAsync(scoped.Settings, ["pay-scoped-1", "pay-scoped-2"]);
        await ParkAsync(elsewhere.Settings, ["pay-elsewhere-1", "pay-elsewhere-2"]);
        foreach (var call in await world.AllCallsAsync())
        {
            var approved = await GovernProcess.RunToEndAsync("approve", world.Settings, [call.CallId]);
            Assert.True(approved.ExitCode == 0, approved.ToString());
        }

        await RunAsync(elsewhere.Settings, ["pay-elsewhere-1", "pay-elsewhere-2"]);
        await RunAsync(scoped.Settings, ["pay-elsewhere-1", "pay-elsewhere-2", "pay-scoped-1", "pay-scoped-2"]);
        Assert.Equal(["pay-elsewhere-1", "pay-elsewhere-2"], CrashWorld.ReadLedger(elsewhere.Ledger).Select(line => line.Payment).Order());
        Assert.Equal(["pay-scoped-1", "pay-scoped-2"], CrashWorld.ReadLedger(scoped.Ledger).Select(line => line.Payment).Order());
        await RunAsync(world.Settings, ["pay-elsewhere-1", "pay-elsewhere-2", "pay-main-1", "pay-main-2", "pay-scoped-1", "pay-scoped-2"]);
        Assert.Equal(["pay-main-1", "pay-main-2", "pay-scoped-1", "pay-scoped-2"], world.ReadLedger().Select(line => line.Payment).Order());

        // Serves until these are done, and two sweeps longer, in which it might take what is not its own.
        async Task RunAsync(string settings, string[] done)
        {
            await using var serving = await GovernProcess.ServeAsync(settings);
            await Eventually.TrueAsync(async () => (await StatusesAsync()).GetValueOrDefault("succeeded", []).Length >= done.Length, () => serving.Process.Errors);
            await Task.Delay(TimeSpan.FromSeconds(5));
            var statuses = await StatusesAsync();
            Assert.Equal(done, statuses["succeeded"]);
            Assert.Equal(6 - done.Length, statuses.GetValueOrDefault("approved", []).Length);
        }

        async Task<Dictionary<string, string[]>> StatusesAsync() => (await world.AllCallsAsync())
            .GroupBy(Oracle.StatusOf).ToDictionary(calls => calls.Key, calls => calls.Select(CrashWorld.PaymentOf).Order().ToArray());
    }

    [SkippableTheory]
    [InlineData("postgres")]
    [InlineData("sqlite")]
    public async Task Decisions_ThroughTwoServers_AreAsIfOneAfterTheOther(string store)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        var (settings, _) = world.WriteSettings("deadlines", CrashWorld.Scope, "deadlines", TimeSpan.Zero, new
        {
            @default = "deny",
            require_approval_for = new object[]
            {
                new { tools = "payments.submit", when = new { payment_id = new { glob = "long-*" } }, deadline = "1h" },
                new { tools = "payments.submit", when = new { payment_id = new { glob = "short-*" } }, deadline = "2s" },
            },
        });
        await using var one = await GovernProcess.ServeAsync(settings);
        await using var two = await GovernProcess.ServeAsync(settings);
        await ParkAsync(settings, Enumerable.Range(0, 20).Select(n => $"long-{n}").Concat(Enumerable.Range(0, 20).Select(n => $"short-{n}")), overHttp: true);
        var calls = (await world.AllCallsAsync()).Select(call => call.CallId).ToArray();

        var histories = await Task.WhenAll(calls.Select((callId, n) => AskAllAsync(callId, [one.Address, two.Address], new Random(n))));

        var words = histories.SelectMany(h => h).GroupBy(o => $"{o.What.Verb}: {o.What.Answer}").OrderBy(g => g.Key).Select(g => $"{g.Key} {g.Count()}");
        output.WriteLine($"{store}: {calls.Length} calls, {histories.Sum(h => h.Count)} requests\n{string.Join('\n', words)}");
        Assert.All(histories, history => Assert.True(Linearizability.Holds(history, CallAsOneThing.Start, CallAsOneThing.Apply), Told(history)));
        // The control: one more decision that was recorded, as without an expected version, and a look that saw what was over.
        var end = histories.Max(history => history.Max(o => o.Returned)) + 1;
        foreach (var history in histories.Where(h => h.Any(o => o.What.Answer == "recorded")))
        {
            foreach (var forged in (Asked[])[new("dave", "reject", "recorded"), new("dave", "read", "pending"), new("dave", "approve", "expired")])
            {
                Assert.False(Linearizability.Holds([.. history, new(forged, end, end + 1)], CallAsOneThing.Start, CallAsOneThing.Apply), Told(history));
            }
        }

        static string Told(IEnumerable<Operation<Asked>> history) => string.Join('\n', history.OrderBy(o => o.Called));
    }

    private static async Task<List<Operation<Asked>>> AskAllAsync(string callId, Uri[] servers, Random random)
    {
        (string, string)[] asks =
        [
            ("alice", "approve"), ("alice", "approve"), ("bob", "reject"), ("carol", "approve"), ("dave", "reject"), (CrashWorld.Agent, "cancel"),
            (CrashWorld.Operator, "cancel"), ("alice", "read"), ("bob", "read"), ("carol", "read"),
        ];
        random.Shuffle(asks);
        var mine = asks.Select(ask => (Ask: ask, Server: servers[random.Next(servers.Length)], After: random.Next(60))).ToArray();
        return [.. await Task.WhenAll(mine.Select(m => OneAsync(m.Ask.Item1, m.Ask.Item2, m.Server, m.After)))];

        async Task<Operation<Asked>> OneAsync(string by, string verb, Uri server, int after)
        {
            using var decider = new RestDecider(server, by);
            await Task.Delay(after);
            var called = Stopwatch.GetTimestamp();
            var answer = verb == "read" ? await decider.ReadStatusAsync(callId) : await decider.AskAsync(verb, callId);
            return new(new(by, verb, answer), called, Stopwatch.GetTimestamp());
        }
    }

    private static async Task ParkAsync(string settings, IEnumerable<string> payments, bool overHttp = false)
    {
        await using var agent = overHttp ? AgentClient.LaunchHttp(settings, "0s") : AgentClient.Launch(settings);
        Assert.True(await agent.ConnectAsync());
        foreach (var some in payments.Chunk(20))
        {
            Assert.All(await Task.WhenAll(some.Select(payment => agent.SubmitAsync(payment))), heard => Assert.Equal("pending", heard!.Status));
        }
    }

    private static async Task<List<string>> ApproveAllAsync(Uri server, string person, IReadOnlyList<string> callIds, int seed)
    {
        using var decider = new RestDecider(server, person);
        string[] mine = [.. callIds];
        new Random(seed).Shuffle(mine);
        var words = new List<string>();
        foreach (var some in mine.Chunk(4))
        {
            words.AddRange(await Task.WhenAll(some.Select(decider.ApproveAsync)));
        }

        return words;
    }
}
