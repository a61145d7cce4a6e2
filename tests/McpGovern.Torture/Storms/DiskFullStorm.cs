using System.Globalization;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Storms;

/// <summary>The store's file can grow no more, from any byte on: what is refused is refused clearly, nothing acknowledged is lost, and with room again it goes on.</summary>
internal sealed class DiskFullStorm : Storm
{
    private const string EarlyAck = "acknowledge first";
    private const int CallsPerLife = 12, Lanes = 3, MostRoom = 60_000;

    public override string Name => "a disk that is full, SQLite";
    public override string Unit => "full disks";
    public override int Full => 100;
    public override IReadOnlyList<(string, int)> Controls => [(EarlyAck, 20)];

    public override string? WhyNot() => File.Exists("/usr/bin/prlimit") ? null : "prlimit is not installed";

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        while (tally.Done < count && (bug is null || tally.Violations == 0))
        {
            await Task.WhenAll(Enumerable.Range(0, Math.Min(Lanes, count - tally.Done)).Select(_ => (Room: random.Next(MostRoom), Seed: random.Next())).ToArray()
                .Select(life => LiveAsync(tally, life.Room, life.Seed, bug)));
        }

        if (bug is null && tally.Notes.GetValueOrDefault("refused") == 0)
        {
            tally.Violation("no disk was full");
        }
    }

    private static async Task LiveAsync(Tally tally, int room, int seed, string? bug)
    {
        using var folder = new TempFolder();
        var store = $"sqlite:{folder.File("store.db")}";
        await PowerLossStorm.MakeAsync(store);
        var limit = (new FileInfo(folder.File("store.db")).Length + room).ToString(CultureInfo.InvariantCulture);
        // A limit on the size of files says at any byte what a full disk says: no further.
        var lines = await TracedWriter.RunUnderAsync("prlimit", [$"--fsize={limit}"], store, CallsPerLife, seed, bug is null ? null : Writer.Early);
        var acknowledged = Writer.Acknowledged(lines);
        tally.Note("refused", lines.Count(line => line == "refused"));
        tally.Note("acknowledged", acknowledged.Count);
        foreach (var wrong in await Writer.LookAsync(store, acknowledged))
        {
            tally.Violation($"full after {room} bytes: {wrong}");
        }

        // With room again.
        if (bug is null && Writer.Acknowledged(await TracedWriter.RunUnderAsync("prlimit", [], store, 1, seed, bug: null)).Count != 1)
        {
            tally.Violation($"full after {room} bytes, and it does not go on with room");
        }

        tally.Count();
    }
}
