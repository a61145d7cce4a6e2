using System.Collections.Concurrent;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Grounds;

/// <summary>What clients and people want of a gateway that may die at any moment: each payment is walked as far as it goes, and walked on in the next life.</summary>
internal sealed class FaultWalks(Ground ground)
{
    // Far more than any of them needs: a machine that stalls is no matter here.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly string[] Ended = ["succeeded", "failed", "outcome_unknown", "resolved"];

    private static readonly string[] Kinds = ["pay", "pay", "pay", "refuse", "leave", "leave", "short", "short"];

    private readonly List<string> payments = [];
    private readonly ConcurrentDictionary<string, bool> done = new();

    public Journal Journal { get; } = new();

    public int Count => payments.Count;

    /// <summary>Payments that people approve or reject.</summary>
    public IReadOnlyCollection<string> Decided => [.. payments.Where(payment => Payments.IntentOf(payment) != Intent.LeaveAlone)];

    /// <summary>New payments of one life: three to run, one to be rejected, two to be cancelled, two to expire.</summary>
    public void Add(int life) => payments.AddRange(Kinds.Select((kind, n) => $"{kind}-{life}-{n}"));

    /// <summary>All at once, until each has come as far as it does by itself or the process is gone.</summary>
    /// <returns>Which have not.</returns>
    public async Task<IReadOnlyList<string>> WalkAllAsync(AgentClient agent, Func<bool> isOver)
    {
        using var alice = new RestDecider(agent.Address, "alice");
        using var self = new RestDecider(agent.Address, CrashWorld.Agent);
        var began = TimeProvider.System.GetTimestamp();
        Task[] looks = [LookAsync(agent), LookAsync(agent)];
        await Task.WhenAll([.. looks, .. payments.Where(payment => !done.ContainsKey(payment)).Select(WalkAsync)]);
        return [.. payments.Where(payment => !done.ContainsKey(payment))];

        async Task WalkAsync(string payment)
        {
            while (!agent.Process.HasExited && !isOver() && TimeProvider.System.GetElapsedTime(began) < Longest)
            {
                if (await TryAsync(() => StepAsync(agent, alice, self, payment)))
                {
                    done[payment] = true;
                    return;
                }

                await Task.Delay(20);
            }
        }
    }

    public async Task HearAllAsync(AgentClient agent)
    {
        foreach (var payment in payments.Where(payment => Payments.IntentOf(payment) == Intent.Approve && !Journal.Delivered.ContainsKey(payment)))
        {
            await TryAsync(async () =>
            {
                Journal.Hear(payment, (await agent.FetchAsync(Journal.Parked[payment], waitSeconds: 1))!);
                return true;
            });
        }
    }

    /// <summary>What became of the payments that nobody decides.</summary>
    public async Task<IReadOnlyList<string>> LookAsync()
    {
        var (wrong, paid) = (new List<string>(), ground.World.ReadLedger().Select(line => line.Payment).ToHashSet());
        foreach (var payment in payments.Where(payment => Payments.IntentOf(payment) == Intent.LeaveAlone))
        {
            var status = Journal.Parked.TryGetValue(payment, out var callId) ? await ground.StatusAsync(callId) : "not parked";
            if (paid.Contains(payment) || status != (payment.StartsWith("short", StringComparison.Ordinal) ? "expired" : "cancelled"))
            {
                wrong.Add($"{payment} is {status}{(paid.Contains(payment) ? " and was paid" : "")}");
            }
        }

        return wrong;
    }

    /// <returns>Whether nothing is left to do for it.</returns>
    private async Task<bool> StepAsync(AgentClient agent, RestDecider alice, RestDecider self, string payment)
    {
        if (!Journal.Parked.TryGetValue(payment, out var callId))
        {
            if (await agent.SubmitAsync(payment) is not { } answer)
            {
                return false;
            }

            Journal.Hear(payment, answer);
            return false;
        }

        switch (payment.Split('-')[0])
        {
            case "pay":
                if (!Journal.Decided.ContainsKey(callId))
                {
                    Note(callId, "approved", await alice.ApproveAsync(callId));
                    return false;
                }

                var heard = await agent.FetchAsync(callId, waitSeconds: 1);
                if (heard is not null)
                {
                    Journal.Hear(payment, heard);
                }

                return Journal.Delivered.ContainsKey(payment) || Ended.Contains(heard?.Status);
            case "refuse":
                return Note(callId, "rejected", await alice.AskAsync("reject", callId));
            case "leave":
                return await self.AskAsync("cancel", callId) is "recorded" or "already_recorded";
            default:
                return await ground.StatusAsync(callId) == "expired";
        }
    }

    private bool Note(string callId, string decision, string word)
    {
        var isDone = word is "recorded" or "already_recorded";
        if (isDone)
        {
            Journal.Decided[callId] = decision;
        }

        return isDone;
    }

    private static Task<bool> LookAsync(AgentClient agent) => TryAsync(async () => await agent.LookAsync() is not null);

    // Whatever a client meets while its gateway dies or stumbles: what counts is in the store and in the ledger.
    private static async Task<bool> TryAsync(Func<Task<bool>> step)
    {
        try
        {
            return await step();
        }
        catch (Exception)
        {
            return false;
        }
    }
}
