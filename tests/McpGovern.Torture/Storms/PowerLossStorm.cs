using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Torture.PowerLoss;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Torture.Storms;

/// <summary>The power goes after any write: every recorded write of a process is replayed into states that its disk could be in.</summary>
internal sealed class PowerLossStorm : Storm
{
    private const string DishonestDisk = "a disk that ignores syncs", EarlyAck = "acknowledge first", Normal = "synchronous=NORMAL";
    private const int CallsPerTrace = 12;

    public override string Name => "power loss, SQLite";
    public override string Unit => "states";
    public override int Full => 20_000;
    public override IReadOnlyList<(string, int)> Controls => [(DishonestDisk, 300), (EarlyAck, 300), (Normal, 2_000)];

    public override string? WhyNot() => TracedWriter.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        while (tally.Done < count && (bug is null || tally.Violations == 0))
        {
            using var folder = new TempFolder();
            using var before = new TempFolder();
            var store = $"sqlite:{folder.File("store.db")}";
            await MakeAsync(store);
            foreach (var file in Directory.GetFiles(folder.Path))
            {
                File.Copy(file, before.File(Path.GetFileName(file)));
            }

            using var log = new TempFolder();
            await TracedWriter.RunAsync(["-y", "-xx", "-s", "1000000", "-e", $"trace={TraceLog.Calls}", "-o", log.File("trace")],
                store, CallsPerTrace, random.Next(), bug switch { EarlyAck => Writer.Early, Normal => Writer.Normal, _ => null });
            var deeds = TraceLog.Read(File.ReadLines(log.File("trace")), folder.Path);
            tally.Note("recorded writes and syncs", deeds.Count);
            await ReplayAsync(deeds, before.Path, tally, count, random, bug);
        }
    }

    private static async Task ReplayAsync(IReadOnlyList<Deed> deeds, string before, Tally tally, int count, Random random, string? bug)
    {
        // A process that acknowledges first may end before it has written.
        if (!deeds.OfType<Deed.Said>().Any() || (bug != EarlyAck && !deeds.OfType<Deed.Synced>().Any()))
        {
            throw new InvalidOperationException("the trace shows nothing written, so nothing is tested");
        }

        var disk = new Disk(honest: bug != DishonestDisk);
        disk.Start(before);
        var said = new List<string>();
        foreach (var deed in deeds)
        {
            disk.Do(deed);
            said.AddRange(deed is Deed.Said words ? words.Text.Split('\n') : []);
            for (var variant = 0; variant < 3 && tally.Done < count; variant++)
            {
                using var folder = new TempFolder();
                disk.Lose(folder.Path, random);
                tally.Count();
                foreach (var wrong in await Writer.LookAsync($"sqlite:{folder.File("store.db")}", Writer.Acknowledged(said)))
                {
                    tally.Violation(wrong);
                }
            }
        }
    }

    /// <summary>A store that has been written to, so that its tables and its journal are there.</summary>
    internal static async Task MakeAsync(string storeText)
    {
        await using var store = CallStores.Open(storeText, TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        await store.AppendAsync(Tests.Storage.TestCalls.Park(), default);
    }
}
