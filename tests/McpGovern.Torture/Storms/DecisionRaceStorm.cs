using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Torture.Storms;

/// <summary>Three processes decide the same calls at once: each call has one decision, and each process is told rightly whose it is.</summary>
internal sealed class DecisionRaceStorm(string engine) : Storm
{
    private const string Blind = "append without the expected version";
    private const int Batch = 500;

    private static readonly string[] Deciders = ["alice", "bob", "carol"];

    public override string Name => $"processes race to decide, {engine}";
    public override string Unit => "calls";
    public override int Full => 5_000;
    public override IReadOnlyList<(string, int)> Controls => [(Blind, 50)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        using var folder = new TempFolder();
        var text = engine == "postgres" ? await PostgresServer.CreateDatabaseAsync() : $"sqlite:{folder.File("store.db")}";
        await using var store = CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        while (tally.Done < count && (bug is null || tally.Violations == 0))
        {
            var parks = Enumerable.Range(0, Math.Min(Batch, count - tally.Done)).Select(_ => TestCalls.Park()).ToArray();
            await Task.WhenAll(parks.Select(park => store.AppendAsync(park, default)));
            var calls = parks.Select(park => park.CallId).ToArray();
            var writers = await Task.WhenAll(Deciders.Select(who => StoreWriter.StartAsync([text, bug is null ? "decide" : "blind", who, .. calls])));
            var told = await Task.WhenAll(writers.Select(StoreWriter.GoAsync));
            Array.ForEach(writers, writer => writer.Dispose());
            var recorded = 0;
            foreach (var call in calls)
            {
                var decisions = (await store.LoadAsync(call, default))!.Events.OfType<ApprovalReceived>().Count();
                recorded += decisions;
                if (decisions != 1)
                {
                    tally.Violation($"{call} has {decisions} decisions");
                }
            }

            if (told.Sum() != recorded)
            {
                tally.Violation($"{told.Sum()} were told that theirs was recorded, and {recorded} were");
            }

            tally.Count(calls.Length);
        }
    }
}
