using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>How far a story was when the process of its present life began, and how far it is now.</summary>
internal sealed class Progress(CrashWorld world, Journal journal, IReadOnlyCollection<string> payments)
{
    private static readonly string[] Sent = ["dispatching", "succeeded", "failed", "outcome_unknown"];

    private int succeeded, effects, delivered, decided, sent;
    private HashSet<string> known = [];

    public async Task MarkAsync()
    {
        succeeded = (await world.IdsAsync("succeeded")).Count;
        sent = await CountSentAsync();
        effects = world.ReadLedger().Count;
        (delivered, decided) = (journal.Delivered.Count, journal.Decided.Count);
        known = [.. await world.IdsAsync("pending")];
    }

    /// <summary>Waits by looking again and again, since a step may take less than a pause.</summary>
    public async Task ReachAsync(Place place, Random random, Func<string> otherwise)
    {
        if (place == Place.AnyTime)
        {
            await Task.Delay(random.Next(100, 4000));
            return;
        }

        await Eventually.TrueAsync(() => IsReachedAsync(place), () => $"{place} was not reached; {otherwise()}");
    }

    private async Task<bool> IsReachedAsync(Place place) => place switch
    {
        Place.WhileParking => (await world.IdsAsync("pending")).Any(id => !known.Contains(id)),
        Place.Parked => payments.All(IsHeardOf),
        Place.WhileApproving => journal.Decided.Count > decided,
        Place.Approved => payments.All(IsHeardOf) && !await AnyUndecidedAsync(),
        Place.Dispatched => await CountSentAsync() > sent,
        Place.Effect => world.ReadLedger().Count > effects,
        Place.Recorded => (await world.IdsAsync("succeeded")).Count > succeeded,
        Place.Delivered => journal.Delivered.Count > delivered,
        _ => throw new ArgumentOutOfRangeException(nameof(place)),
    };

    // Whoever looks seldom, because the machine is busy, finds it ended.
    private async Task<int> CountSentAsync()
    {
        var count = 0;
        foreach (var status in Sent)
        {
            count += (await world.IdsAsync(status)).Count;
        }

        return count;
    }

    // A call that was decided before its park was heard of answers with its result alone.
    private bool IsHeardOf(string payment) => journal.Parked.ContainsKey(payment) || journal.Delivered.ContainsKey(payment);

    private async Task<bool> AnyUndecidedAsync()
    {
        foreach (var callId in await world.IdsAsync("pending"))
        {
            if (Payments.IntentOf(await world.PaymentOfAsync(callId)) != Intent.LeaveAlone)
            {
                return true;
            }
        }

        return false;
    }
}
