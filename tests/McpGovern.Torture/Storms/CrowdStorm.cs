using System.Diagnostics;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Torture.Storms;

/// <summary>Many parked calls hold nothing: no thread, no connection, hardly memory; and the first page and the start take no longer for them.</summary>
internal sealed class CrowdStorm(string engine) : Storm
{
    private const long MostMemory = 50 << 20;
    private const int MostThreads = 30;

    private static readonly TimeSpan MostStart = TimeSpan.FromSeconds(1), MostPage = TimeSpan.FromMilliseconds(50);

    public override string Name => $"a crowd of parked calls, {engine}";
    public override string Unit => "parked calls";
    public override int Full => 100_000;

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        using var folder = new TempFolder();
        var text = engine == "postgres" ? await PostgresServer.CreateDatabaseAsync() : $"sqlite:{folder.File("store.db")}";
        var (emptyStart, _) = await FastestAsync(text);
        await using (var store = CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance))
        {
            await store.PrepareAsync(default);
            var (memory, threads) = (GC.GetTotalMemory(forceFullCollection: true), Process.GetCurrentProcess().Threads.Count);
            while (tally.Done < count)
            {
                var now = DateTimeOffset.UtcNow;
                var parks = Enumerable.Range(0, 500).Select(_ => TestCalls.Park(at: now, deadline: now.AddHours(8))).ToArray();
                await Task.WhenAll(parks.Select(park => store.AppendAsync(park, default)));
                tally.Count(parks.Length);
            }

            var grown = GC.GetTotalMemory(forceFullCollection: true) - memory;
            tally.Note("KiB held for them", Math.Max(0, grown >> 10));
            if (grown > MostMemory)
            {
                tally.Violation($"{tally.Done} parked calls hold {grown >> 20} MiB");
            }

            if (Process.GetCurrentProcess().Threads.Count - threads > MostThreads)
            {
                tally.Violation($"{tally.Done} parked calls hold {Process.GetCurrentProcess().Threads.Count - threads} threads");
            }
        }

        var (start, page) = await FastestAsync(text);
        tally.Note("ms more to start", (long)Math.Max(0, (start - emptyStart).TotalMilliseconds));
        tally.Note("ms for the first page", (long)page.TotalMilliseconds);
        if (start - emptyStart > MostStart)
        {
            tally.Violation($"opening takes {start - emptyStart} more");
        }

        if (page > MostPage)
        {
            tally.Violation($"the first page takes {page}");
        }
    }

    // The fastest of some: a machine that is busy otherwise says nothing about the store.
    private static async Task<(TimeSpan Start, TimeSpan Page)> FastestAsync(string text)
    {
        var (start, page) = await OpenAsync(text);
        for (var i = 0; i < 6; i++)
        {
            var again = await OpenAsync(text);
            (start, page) = (again.Start < start ? again.Start : start, again.Page < page ? again.Page : page);
        }

        return (start, page);
    }

    /// <summary>What a starting process does, and what the first look at the list costs after that.</summary>
    private static async Task<(TimeSpan Start, TimeSpan Page)> OpenAsync(string text)
    {
        var clock = Stopwatch.StartNew();
        await using var store = CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        await store.FindPastDueAsync(DateTimeOffset.UtcNow, 100, default);
        var start = clock.Elapsed;
        var page = TimeSpan.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            clock.Restart();
            await store.ListAsync(new(["pending"], 50), default);
            page = clock.Elapsed < page ? clock.Elapsed : page;
        }

        return (start, page);
    }
}
