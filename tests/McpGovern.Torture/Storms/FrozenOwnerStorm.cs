using McpGovern.Calls;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;
using McpGovern.Torture.Grounds;

namespace McpGovern.Torture.Storms;

/// <summary>
/// SIGSTOP for a process that has sent calls, until past its lease: another process gives them up and never sends them again, and the late
/// answers are kept. On PostgreSQL it is stopped at any moment too; in SQLite a process stopped inside its transaction would stop the others.
/// </summary>
internal sealed class FrozenOwnerStorm(string engine) : Storm
{
    private const string Idempotent = "what was given up is sent again";
    private const int Lanes = 4, Calls = 6;

    // Its lease and 10 seconds.
    private static readonly TimeSpan LongestStuck = TimeSpan.FromSeconds(20);

    public override string Name => $"owners stopped past their lease, {engine}";
    public override string Unit => "stopped owners";
    public override int Full => 40;
    public override IReadOnlyList<(string, int)> Controls => [(Idempotent, 1)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        while (tally.Done < count)
        {
            var rounds = Enumerable.Range(0, Math.Min(Lanes, count - tally.Done))
                .Select(n => (IsDeep: bug is not null || engine == "sqlite" || n % 2 == 0, After: TimeSpan.FromMilliseconds(random.Next(150)))).ToArray();
            await Task.WhenAll(rounds.Select(round => RoundAsync(tally, round.IsDeep, round.After, bug)));
        }
    }

    private async Task RoundAsync(Tally tally, bool isDeep, TimeSpan after, string? bug)
    {
        await using var ground = await Ground.CreateAsync(engine, idempotent: bug is not null);
        await using var owner = AgentClient.LaunchHttp(ground.World.Settings, "0s");
        if (!await owner.ConnectAsync())
        {
            throw new InvalidOperationException(owner.Process.Errors);
        }

        var ids = await Task.WhenAll(Enumerable.Range(0, Calls).Select(async n => (await owner.SubmitAsync($"pay-held-{n}"))!.CallId!));
        using var alice = new RestDecider(owner.Address, "alice");
        var deciding = Task.WhenAll(ids.Select(callId => ApproveAsync(alice, callId)));
        if (isDeep)
        {
            await deciding;
            await Eventually.TrueAsync(() => ground.Paid().Count == Calls, () => $"they were not sent: {owner.Process.Errors}");
        }
        else
        {
            await Task.Delay(after);
        }

        await ground.World.FreezeAsync(owner.Process);
        try
        {
            await using var other = await GovernProcess.ServeAsync(ground.World.Settings);
            await GoOnWithoutAsync(ground, other, ids, isDeep, tally);
        }
        finally
        {
            owner.Process.Thaw();
        }

        await deciding;
        await JudgeAsync(ground, ids, tally, $"{(isDeep ? "after it had sent" : $"{after.TotalMilliseconds} ms after the decisions")}: {owner.Process.Errors}");
        tally.Count();
    }

    // Who is stopped may find its connection timed out when it wakes, and says so.
    private static async Task ApproveAsync(RestDecider alice, string callId)
    {
        while (await alice.TryAsync("approve", callId) is ("unavailable" or "busy", _))
        {
            await Task.Delay(100);
        }
    }

    private static async Task GoOnWithoutAsync(Ground ground, ServingProcess other, string[] ids, bool isDeep, Tally tally)
    {
        // What the frozen process had no time to decide or to send is the other's now.
        using var bob = new RestDecider(other.Address, "bob");
        await Task.WhenAll(ids.Select(bob.ApproveAsync));
        if (!isDeep)
        {
            ground.Upstream.Release();
        }

        foreach (var callId in await ground.FinishAsync(LongestStuck))
        {
            tally.Violation($"stuck: {callId} is {await ground.StatusAsync(callId)} {LongestStuck.TotalSeconds} s after its owner stopped: {other.Process.Errors}");
        }

        tally.Note("given up", (await ground.World.IdsAsync("outcome_unknown")).Count);
        // The answers come while their reader is still stopped.
        ground.Upstream.Release();
        await Task.Delay(TimeSpan.FromSeconds(1));
    }

    private static async Task JudgeAsync(Ground ground, string[] ids, Tally tally, string when)
    {
        var began = TimeProvider.System.GetTimestamp();
        while ((await ground.World.IdsAsync("outcome_unknown")).Count > 0 && TimeProvider.System.GetElapsedTime(began) < LongestStuck)
        {
            await Task.Delay(100);
        }

        // A sweep more, in which something might be sent again.
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        var paid = ground.Paid();
        foreach (var callId in ids)
        {
            var call = (await ground.World.Store.LoadAsync(callId, default))!;
            var (status, late) = (Oracle.StatusOf(call), call.Events.OfType<OutcomeArrivedLate>().Count());
            tally.Note("late answers", late);
            if (paid.GetValueOrDefault(callId) != 1 || call.Events.OfType<DispatchStarted>().Count() != 1 || call.Events.OfType<ApprovalReceived>().Count() != 1
                || !(status == "succeeded" || (status == "resolved" && late == 1)))
            {
                tally.Violation($"{callId} is {status}, paid {paid.GetValueOrDefault(callId)} times: {string.Join(", ", call.Events.Select(e => e.GetType().Name))}; stopped {when}");
            }
        }
    }
}
