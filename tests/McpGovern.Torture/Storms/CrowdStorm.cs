using System.Diagnostics;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using McpGovern.Torture.Grounds;

namespace McpGovern.Torture.Storms;

/// <summary>Many parked calls in the store: a serving process starts no slower for them, shows its first page at once, and keeps none of them in memory.</summary>
internal sealed class CrowdStorm(string engine) : Storm
{
    private const string ReadsAll = "a page that reads all calls";
    private const int AtOnce = 500, Starts = 5, Pages = 10;
    private const long MostMebibytes = 50;

    private static readonly TimeSpan MostStart = TimeSpan.FromSeconds(1), MostPage = TimeSpan.FromMilliseconds(50);

    public override string Name => $"a crowd of parked calls, {engine}";
    public override string Unit => "parked calls";
    public override int Full => 100_000;
    public override IReadOnlyList<(string, int)> Controls => [(ReadsAll, 5_000)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : ProcessSize.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var ground = await Ground.CreateAsync(engine);
        var empty = await StartAsync(ground, bug);
        while (tally.Done < count)
        {
            var now = DateTimeOffset.UtcNow;
            var parks = Enumerable.Range(0, AtOnce).Select(_ => TestCalls.Park(at: now, deadline: now.AddHours(8), with: call => call with { Scope = CrashWorld.Scope })).ToArray();
            await Task.WhenAll(parks.Select(park => ground.World.Store.AppendAsync(park, default)));
            tally.Count(parks.Length);
        }

        var crowded = await StartAsync(ground, bug);
        var (more, grown) = (crowded.Start - empty.Start, crowded.Mebibytes - empty.Mebibytes);
        tally.Note("ms to start with none", (long)empty.Start.TotalMilliseconds);
        tally.Note("ms more to start", (long)more.TotalMilliseconds);
        tally.Note("ms for the first page", (long)crowded.Page.TotalMilliseconds);
        tally.Note("MiB more", grown);
        if (more > MostStart)
        {
            tally.Violation($"starting takes {more} more with {tally.Done} parked calls");
        }

        if (crowded.Page > MostPage)
        {
            tally.Violation($"the first page of {tally.Done} takes {crowded.Page}");
        }

        if (grown > MostMebibytes)
        {
            tally.Violation($"{tally.Done} parked calls take {grown} MiB of a process that has only started");
        }
    }

    // The fastest start of some, since a machine that is busy otherwise says nothing about the product; of the pages the one in the middle.
    private static async Task<(TimeSpan Start, TimeSpan Page, long Mebibytes)> StartAsync(Ground ground, string? bug)
    {
        var (start, pages, size) = (TimeSpan.MaxValue, new List<TimeSpan>(), long.MaxValue);
        for (var i = 0; i < Starts; i++)
        {
            var clock = Stopwatch.StartNew();
            await using var serving = await GovernProcess.ServeAsync(ground.World.Settings);
            start = Least(start, clock.Elapsed);
            using var http = CrashWorld.ClientOf(serving.Address, "alice");
            for (var n = 0; n < Pages; n++)
            {
                clock.Restart();
                using var answer = await http.GetAsync(new Uri("/api/v1/approvals?limit=50", UriKind.Relative));
                answer.EnsureSuccessStatusCode();
                if (bug == ReadsAll)
                {
                    await ground.World.AllCallsAsync();
                }

                pages.Add(clock.Elapsed);
            }

            size = Math.Min(size, ProcessSize.Of(serving.Process.Id).Mebibytes);
        }

        return (start, pages.Order().ElementAt(pages.Count / 2), size);
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
