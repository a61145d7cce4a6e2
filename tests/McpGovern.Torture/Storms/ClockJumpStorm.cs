using McpGovern.Calls;
using McpGovern.Cli;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Storage;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Torture.Storms;

/// <summary>The clock jumps by seconds to years, ahead and back: no call expires before its time or is decided after it, and none comes back.</summary>
internal sealed class ClockJumpStorm(string engine) : Storm
{
    private const string OwnClock = "expire by another clock";
    private const double LongestSeconds = 10 * 365 * 86_400.0;

    private static readonly Actor Alice = new("alice", "test:alice", "test") { Roles = Roles.Approver };

    public override string Name => $"clock jumps, {engine}";
    public override string Unit => "jumps";
    public override int Full => 5_000;
    public override IReadOnlyList<(string, int)> Controls => [(OwnClock, 100)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var world = await CrashWorld.CreateAsync(engine, TimeSpan.Zero);
        var time = new MovableTime();
        var (start, open, ended) = (time.GetUtcNow(), new Dictionary<string, OpenCall>(), new List<(string CallId, string Status)>());
        while (tally.Done < count && (bug is null || tally.Violations == 0))
        {
            // From a second to years, each size as often as another; back to the start before it leaves the calendar.
            var seconds = Math.Exp(random.NextDouble() * Math.Log(LongestSeconds));
            var away = time.GetUtcNow() - start;
            time.Advance(Math.Abs(away.TotalSeconds) > 2 * LongestSeconds ? -away : TimeSpan.FromSeconds(random.Next(2) == 0 ? seconds : -seconds));
            tally.Count();
            foreach (var (callId, call) in open.Where(call => call.Value.Latest < time.GetUtcNow()).ToArray())
            {
                open[callId] = call with { Latest = time.GetUtcNow() };
            }

            // Past-due calls expire at the start.
            await using var gateway = Open(world, bug is null ? time : TimeProvider.System);
            await gateway.OpenAsync(default);
            await JudgeAsync(world, time, open, ended, tally);

            var now = time.GetUtcNow();
            var deadline = now + TimeSpan.FromSeconds(60 + (random.NextDouble() * seconds));
            var park = TestCalls.Park(at: now, deadline: deadline, with: call => call with { Scope = CrashWorld.Scope });
            await world.Store.AppendAsync(park, default);
            open[park.CallId] = new(deadline, now);
            if (random.Next(3) == 0)
            {
                var (callId, call) = open.ElementAt(random.Next(open.Count));
                var answer = await gateway.Decisions.DecideAsync(new(Alice, callId, "rejected", "rest"), default);
                tally.Note(answer.Answer);
                if (answer.Accepted && time.GetUtcNow() - TimeSpan.FromSeconds(1) > call.Due)
                {
                    tally.Violation($"{callId} was due at {call.Due:O} and was decided at {time.GetUtcNow():O}");
                }
            }
        }
    }

    private static async Task JudgeAsync(CrashWorld world, TimeProvider time, Dictionary<string, OpenCall> open, List<(string CallId, string Status)> ended, Tally tally)
    {
        foreach (var (callId, (due, latest)) in open.OrderBy(call => call.Value.Due).Take(30).ToArray())
        {
            var call = (await world.Store.LoadAsync(callId, default))!;
            var status = Oracle.StatusOf(call);
            var isWrong = status switch
            {
                "pending" => due < time.GetUtcNow() - TimeSpan.FromSeconds(1),
                // It may have expired before the clock was put back.
                "expired" => latest + TimeSpan.FromSeconds(1) < due || call.Events.OfType<ApprovalExpired>().Any(e => e.At < due),
                _ => false,
            };
            if (isWrong)
            {
                tally.Violation($"{callId} is {status}, due at {due:O}, at {time.GetUtcNow():O}, and it was never later than {latest:O}");
                open.Remove(callId);
            }
            else if (status != "pending")
            {
                open.Remove(callId);
                ended.Add((callId, status));
            }
        }

        foreach (var (callId, status) in ended.TakeLast(20))
        {
            if (Oracle.StatusOf((await world.Store.LoadAsync(callId, default))!) is var now && now != status)
            {
                tally.Violation($"{callId} was {status} and is {now}");
            }
        }
    }

    private static Gateway Open(CrashWorld world, TimeProvider time)
    {
        var (settings, logs) = (Composition.Load(world.Settings, new Dictionary<string, string>(), settingsNeeded: true)!, NullLoggerFactory.Instance);
        return new(CallStores.Open(settings.Store, time, logs), new PolicySource(settings.Policy, settings.PolicyInputs, time), new UpstreamSet(settings.Upstreams, new UpstreamLimits(), time, logs),
            new GatewayOptions(settings.Scope, settings.Hold, settings.CallTimeout, settings.Retention, new CallLimits(1_000_000, 1 << 20, 1 << 20), 1 << 20), time, logs);
    }

    /// <summary>A call that was pending when last looked at.</summary>
    /// <param name="Latest">What the clock showed at the latest since it was parked.</param>
    private sealed record OpenCall(DateTimeOffset Due, DateTimeOffset Latest);
}
