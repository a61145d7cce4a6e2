using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.Tests.Crashes;

/// <summary>Says what is wrong, whatever was done to get there. The words before the colon are what a control looks for.</summary>
internal static class Oracle
{
    public const string Lost = "an acknowledged park is lost", Twice = "an effect happened twice", Unrecorded = "an effect without its record";

    /// <summary>To be asked while nothing runs, before anything recovers: recovery would put back what was lost.</summary>
    public static async Task<IReadOnlyList<string>> LookAsync(CrashWorld world, Journal journal)
    {
        // The ledger first: what is in it now must be known to a store that is read afterwards.
        var ledger = world.ReadLedger();
        var wrong = new List<string>();
        wrong.AddRange(ledger.GroupBy(line => line.CallId).Concat(ledger.GroupBy(line => (string?)line.Payment))
            .Where(lines => lines.Count() > 1).Select(lines => $"{Twice}: {lines.Key}"));
        foreach (var (callId, payment) in ledger)
        {
            if (callId is null || await world.Store.LoadAsync(callId, default) is not { } call || !IsApproved(call) || !call.Events.OfType<DispatchStarted>().Any())
            {
                wrong.Add($"{Unrecorded}: {payment} as {callId}");
            }
        }

        foreach (var (payment, callId) in journal.Parked)
        {
            if (await world.Store.LoadAsync(callId, default) is not { } call || !call.Events.OfType<ToolApprovalRequired>().Any() || CrashWorld.PaymentOf(call) != payment)
            {
                wrong.Add($"{Lost}: {payment} as {callId}");
            }
        }

        foreach (var (callId, decision) in journal.Decided)
        {
            var decisions = (await world.Store.LoadAsync(callId, default))?.Events.OfType<ApprovalReceived>().Select(e => e.Decision).ToArray() ?? [];
            if (decisions is not [var only] || only != decision)
            {
                wrong.Add($"an acknowledged decision is lost: {decision} for {callId}, stored are [{string.Join(", ", decisions)}]");
            }
        }

        var succeeded = (await world.AllCallsAsync()).Where(call => StatusOf(call) == "succeeded").Select(CrashWorld.PaymentOf).ToHashSet();
        wrong.AddRange(journal.Delivered.Keys.Except(succeeded).Select(payment => $"a delivered result is not in the store: {payment}"));
        return wrong;
    }

    /// <summary>To be asked at the end, when everything had its time.</summary>
    public static async Task<IReadOnlyList<string>> LookAtTheEndAsync(CrashWorld world, Journal journal, IReadOnlyCollection<string> payments)
    {
        var wrong = new List<string>(await LookAsync(world, journal));
        var ledger = world.ReadLedger().Select(line => line.Payment).ToHashSet();
        var calls = (await world.AllCallsAsync()).ToLookup(CrashWorld.PaymentOf);
        foreach (var payment in payments)
        {
            if (calls[payment].ToArray() is [var call])
            {
                wrong.AddRange(LookAt(call, payment, ledger.Contains(payment), journal));
            }
            else
            {
                wrong.Add($"{payment} was sent again and became {calls[payment].Count()} calls");
            }
        }

        if (await world.Store.RebuildAsync(repair: false, default) is { Count: > 0 } rows)
        {
            wrong.Add($"rows differ from their streams: {string.Join(", ", rows)}");
        }

        return wrong;
    }

    private static IEnumerable<string> LookAt(StoredCall call, string payment, bool happened, Journal journal)
    {
        var status = StatusOf(call);
        var right = (Payments.IntentOf(payment), status) switch
        {
            (Intent.Approve, "succeeded") => happened && journal.Delivered.ContainsKey(payment),
            (Intent.Approve, "failed") => true,
            (Intent.Approve, "outcome_unknown") => WasKilledWhileItRan(call, journal),
            (Intent.Reject, "rejected") or (Intent.LeaveAlone, "pending") => !happened,
            _ => false,
        };
        if (!right)
        {
            yield return $"{payment} ended wrongly: {call.CallId} is {status}, {(happened ? "in" : "not in")} the ledger: {string.Join(", ", call.Events.Select(e => e.GetType().Name))}";
        }

        if (call.Events.OfType<ApprovalReceived>().Count() > 1 || Starts(call) > 1)
        {
            yield return $"{payment} was decided or started twice: {string.Join(", ", call.Events.Select(e => e.GetType().Name))}";
        }
    }

    // What was put off again had not been sent: the ledger tells whether that is true.
    private static int Starts(StoredCall call) =>
        call.Events.OfType<DispatchStarted>().Count() - call.Events.Zip(call.Events.Skip(1)).Count(pair => pair is (DispatchStarted, DispatchDeferred));

    private static bool WasKilledWhileItRan(StoredCall call, Journal journal)
    {
        var (started, lost) = (call.Events.OfType<DispatchStarted>().Last(), call.Events.OfType<OutcomeUnknown>().Single());
        return journal.Kills.Any(kill => started.At <= kill.Until && kill.From <= lost.At);
    }

    private static bool IsApproved(StoredCall call) => call.Events.OfType<ApprovalReceived>().Any(e => e.Decision == "approved");

    public static string StatusOf(StoredCall call) => CallStatus.Of(Call.Replay(call.Events));
}
