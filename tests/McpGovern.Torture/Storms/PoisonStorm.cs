using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using McpGovern.Torture.Grounds;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Torture.Storms;

/// <summary>
/// Stored events are changed behind the product's back: it may refuse that call, and must go on with all others. First its readers read them one by
/// one; then a gateway starts over a store that is full of them.
/// </summary>
internal sealed class PoisonStorm(string engine) : Storm
{
    private const int Batch = 50;
    private const string Skips = "a reader that skips what it cannot read", Unbound = "a gateway that runs what is stored for what was approved";

    public override string Name => $"poisoned events, {engine}";
    public override string Unit => "mutations";
    public override int Full => 5_000;
    public override IReadOnlyList<(string, int)> Controls => [(Skips, Batch), (Unbound, PoisonedGround.Streams)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        if (bug != Unbound)
        {
            await ReadAsync(tally, count, random, skips: bug is not null);
        }

        if (bug != Skips)
        {
            // Calls of a gateway's own, all of them mutated before it starts.
            await using var ground = await Ground.CreateAsync(engine, idempotent: true);
            await new PoisonedGround(ground, tally, random).LiveAsync(isUnbound: bug is not null);
        }
    }

    private async Task ReadAsync(Tally tally, int count, Random random, bool skips)
    {
        using var folder = new TempFolder();
        var text = engine == "postgres" ? await PostgresServer.CreateDatabaseAsync() : $"sqlite:{folder.File("store.db")}";
        await using var store = CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        await using var raw = await RawEvents.OpenAsync(text);
        var healthy = await TestCalls.RandomHistoryAsync(store, random);
        while (tally.Done < count && (!skips || tally.Violations == 0))
        {
            var calls = new List<string>();
            for (var i = 0; i < Batch; i++)
            {
                calls.Add(await TestCalls.RandomHistoryAsync(store, random));
            }

            foreach (var call in calls)
            {
                var changed = await raw.MutateAsync(call, random);
                tally.Count();
                await JudgeAsync(raw, store, call, changed, skips, tally);
            }

            if (await store.LoadAsync(healthy, default) is null || (await store.ListAsync(new([], 200), default)).Calls.Count == 0)
            {
                tally.Violation("a healthy call is not served beside poisoned ones");
            }
        }
    }

    /// <summary>What is read from the changed text must be what it says: nothing may be skipped, and no other exception may come out.</summary>
    private static async Task JudgeAsync(RawEvents raw, ICallStore store, string callId, string changed, bool skips, Tally tally)
    {
        try
        {
            var events = skips ? await SkipAsync(raw, callId) : (await store.LoadAsync(callId, default))!.Events;
            var rows = (await raw.RowsAsync(callId)).Count;
            if (events.Count != rows)
            {
                tally.Violation($"{rows - events.Count} of {rows} events were skipped, for {changed}");
            }

            _ = Call.Replay(events);
            tally.Note("still an event");
        }
        catch (InvalidDataException)
        {
            tally.Note("refused");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            tally.Violation($"{e.GetType().Name} instead of a refusal, for {changed}: {e.Message}");
        }
    }

    /// <summary>The bug: what cannot be read is passed over, and the call goes on as if it had not happened.</summary>
    private static async Task<IReadOnlyList<CallEvent>> SkipAsync(RawEvents raw, string callId)
    {
        var events = new List<CallEvent>();
        foreach (var (_, type, data) in await raw.RowsAsync(callId))
        {
            try
            {
                events.Add(EventTypes.Read(type, data));
            }
            catch (InvalidDataException)
            {
                // Passed over.
            }
        }

        return events;
    }
}
