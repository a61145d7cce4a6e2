using System.Globalization;
using McpGovern.Calls;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;
using McpGovern.Torture.Grounds;

namespace McpGovern.Torture.Storms;

/// <summary>
/// The wall clock of a serving process jumps, by libfaketime, by seconds to years: what waits expires when that clock says so and not before,
/// nothing comes back, and what is being sent is not given up for it.
/// </summary>
internal sealed class WallClockStorm(string engine) : Storm
{
    private const string OwnClock = "expire by another clock", CutOff = "answers cut off with their session";
    private const double LongestSeconds = 10 * 365 * 86_400.0;

    // As long as libfaketime keeps what it read, two sweeps, and a busy machine.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Deadline = TimeSpan.FromHours(1);

    private static readonly string? Library = Directory.Exists("/usr/lib")
        ? Directory.GetDirectories("/usr/lib", "*-linux-*").Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;

    public override string Name => $"the wall clock jumps, {engine}";
    public override string Unit => "jumps";
    public override int Full => 40;
    public override IReadOnlyList<(string, int)> Controls => [(OwnClock, 6)];

    public override string? WhyNot() => Library is null ? "libfaketime is not installed" : engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var ground = await Ground.CreateAsync(engine);
        var clock = new FakeClock(Path.Combine(Path.GetDirectoryName(ground.World.Settings)!, "clock"));
        await using var agent = AgentClient.LaunchHttp(ground.World.Settings, "0s", bug is null ? clock.Environment : null);
        using var alice = new RestDecider(agent.Address, "alice");
        var waiting = new List<Waiting>();
        for (var n = 0; tally.Done < count && (bug is null || tally.Violations == 0); n++)
        {
            // The session before may have ended: a jump that is longer than sessions are kept looks as if its client had ended it.
            if (!await agent.ConnectAsync())
            {
                throw new InvalidOperationException(agent.Process.Errors);
            }

            waiting.Add(new((await agent.SubmitAsync($"pay-ok-{n}"))!.CallId!, clock.Now + Deadline));
            var sent = (await agent.SubmitAsync($"pay-late-{n}"))!.CallId!;
            await alice.ApproveAsync(sent);
            await Eventually.TrueAsync(async () => await ground.StatusAsync(sent) is not ("pending" or "approved"), () => $"{sent} was never begun");
            var looking = agent.LookAsync($"pay-late-{n}");
            var before = clock.Now;
            clock.Jump(Math.Exp(random.NextDouble() * Math.Log(LongestSeconds)) * (random.Next(3) == 0 ? -1 : 1));
            await JudgeAsync(ground, clock, waiting, tally);
            await AnswerAsync(looking, tally);
            await FinishAsync(ground, sent, mayExpire: clock.Now > before, tally);
            tally.Count();
        }

        // Calls that policy allows are cancelled with the request that was cut off; what was approved is not.
        if (await ground.World.IdsAsync("outcome_unknown") is var unknown && unknown.Count > tally.Notes.GetValueOrDefault(CutOff))
        {
            tally.Violation($"given up because of a clock: {string.Join(", ", unknown)}; {agent.Process.Errors}");
        }

        var (expired, paid) = (await ground.World.IdsAsync("expired"), ground.Paid());
        foreach (var callId in expired.Where(paid.ContainsKey))
        {
            tally.Violation($"{callId} is expired, and was paid");
        }

        tally.Note("expired", expired.Count);
    }

    private static async Task JudgeAsync(Ground ground, FakeClock clock, List<Waiting> waiting, Tally tally)
    {
        foreach (var call in waiting.ToArray())
        {
            call.Latest = clock.Now > call.Latest ? clock.Now : call.Latest;
            var (began, status) = (TimeProvider.System.GetTimestamp(), await ground.StatusAsync(call.Id));
            // It has been, at some time of that clock since, or it is now.
            var isDue = call.Due <= call.Latest;
            while (isDue && status == "pending" && TimeProvider.System.GetElapsedTime(began) < Patience * 3)
            {
                await Task.Delay(100);
                status = await ground.StatusAsync(call.Id);
            }

            if (status != (isDue ? "expired" : "pending") && (call.Due - call.Latest).Duration() > Patience)
            {
                tally.Violation($"{call.Id} is {status}, due at {call.Due:O}; since it was parked the clock has shown {call.Latest:O}, and now {clock.Now:O}");
                waiting.Remove(call);
            }
        }
    }

    private static async Task AnswerAsync(Task<Heard?> looking, Tally tally)
    {
        try
        {
            await looking;
        }
        catch (Exception e) when (e is ModelContextProtocol.McpException or HttpRequestException or TaskCanceledException)
        {
            // What is recorded of it is looked at in any case.
            tally.Note(CutOff);
        }
    }

    private static async Task FinishAsync(Ground ground, string callId, bool mayExpire, Tally tally)
    {
        var stuck = await ground.FinishAsync(TimeSpan.FromSeconds(30));
        var times = ground.Paid().GetValueOrDefault(callId);
        // What is recorded to be sent and is not yet may expire with the jump, and rightly so: then nothing is sent any more.
        switch (await ground.StatusAsync(callId), times, stuck.Count)
        {
            case ("succeeded", 1, 0):
                break;
            case ("expired", 0, 0) when mayExpire:
                tally.Note("begun, and expired unsent");
                break;
            case var (status, _, _):
                tally.Violation($"{callId} was begun when the clock jumped, is {status} and was paid {times} times; stuck: {string.Join(", ", stuck)}");
                break;
        }
    }

    /// <param name="Due">By the clock that jumps.</param>
    private sealed record Waiting(string Id, DateTimeOffset Due)
    {
        /// <summary>The furthest that the clock has shown since it was parked.</summary>
        public DateTimeOffset Latest { get; set; } = DateTimeOffset.MinValue;
    }

    /// <summary>The clock of another process, as far from ours as its file says.</summary>
    private sealed class FakeClock
    {
        private readonly string file;
        private double offset;

        public FakeClock(string file)
        {
            this.file = file;
            Write();
        }

        public DateTimeOffset Now => DateTimeOffset.UtcNow.AddSeconds(offset);

        public Dictionary<string, string?> Environment => new()
        {
            ["LD_PRELOAD"] = Library,
            ["FAKETIME_TIMESTAMP_FILE"] = file,
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            ["FAKETIME_CACHE_DURATION"] = "1",
        };

        public void Jump(double seconds)
        {
            // Back to the start before it leaves the calendar.
            offset = Math.Abs(offset + seconds) > 2 * LongestSeconds ? 0 : Math.Round(offset + seconds);
            Write();
        }

        private void Write()
        {
            File.WriteAllText(file + ".new", offset.ToString("+0;-0;+0", CultureInfo.InvariantCulture) + "\n");
            File.Move(file + ".new", file, overwrite: true);
        }
    }
}
