using System.Globalization;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Storms;

/// <summary>SIGKILL at the nth system call that writes to the database or its journal, for every n.</summary>
internal sealed class SyscallKillStorm : Storm
{
    private const string EarlyAck = "acknowledge first";
    private const int CallsPerLife = 3, Lanes = 3;

    private static readonly string[] Files = ["store.db", "store.db-journal", "store.db-wal"];

    public override string Name => "kill at a write, SQLite";
    public override string Unit => "kills";
    public override int Full => 1_000;
    public override IReadOnlyList<(string, int)> Controls => [(EarlyAck, 25)];

    public override string? WhyNot() => TracedWriter.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        for (var n = 1; tally.Done < count && (bug is null || tally.Violations == 0); n += Lanes)
        {
            var lives = await Task.WhenAll(Enumerable.Range(n, Lanes).Select(at => (At: at, Seed: random.Next())).ToArray().Select(life => LiveAsync(life.At, life.Seed, bug)));
            foreach (var (isKilled, acknowledged, wrong) in lives)
            {
                wrong.ForEach(tally.Violation);
                if (isKilled)
                {
                    tally.Count();
                    tally.Note("acknowledged before the kill", acknowledged);
                }
            }

            if (!lives.Any(life => life.IsKilled))
            {
                // It wrote less often than this: from the beginning, with other calls.
                n = 1 - Lanes;
                tally.Note("sweeps");
            }
        }
    }

    private static async Task<(bool IsKilled, int Acknowledged, List<string> Wrong)> LiveAsync(int n, int seed, string? bug)
    {
        using var folder = new TempFolder();
        var store = $"sqlite:{folder.File("store.db")}";
        await PowerLossStorm.MakeAsync(store);
        var lines = await TracedWriter.RunAsync(
            [.. SpoiledFiles(folder), "-o", "/dev/null", "-e", $"inject=write,pwrite64,ftruncate,fsync,fdatasync:signal=KILL:when={n.ToString(CultureInfo.InvariantCulture)}"],
            store, CallsPerLife, seed, bug == EarlyAck ? Writer.Early : null);
        var acknowledged = Writer.Acknowledged(lines);
        var wrong = await Writer.LookAsync(store, acknowledged);
        return (!lines.Contains(Writer.Done), acknowledged.Count, [.. wrong.Select(what => $"killed at write {n}: {what}")]);
    }

    internal static string[] SpoiledFiles(TempFolder folder) =>
        [.. Files.SelectMany(name => new[] { "-P", folder.File(name) })];
}
