using System.Globalization;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Storms;

/// <summary>SIGKILL at the nth system call that writes to the database or its journal, for every n.</summary>
internal sealed class SyscallKillStorm : Storm
{
    private const string EarlyAck = "acknowledge first";
    private const int CallsPerLife = 4;

    private static readonly string[] Files = ["store.db", "store.db-journal", "store.db-wal"];

    public override string Name => "kill at a write, SQLite";
    public override string Unit => "kills";
    public override int Full => 1_000;
    public override IReadOnlyList<(string, int)> Controls => [(EarlyAck, 25)];

    public override string? WhyNot() => TracedWriter.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        for (var n = 1; tally.Done < count; n++)
        {
            using var folder = new TempFolder();
            var store = $"sqlite:{folder.File("store.db")}";
            await PowerLossStorm.MakeAsync(store);
            var lines = await TracedWriter.RunAsync(
                [.. SpoiledFiles(folder), "-o", "/dev/null", "-e", $"inject=write,pwrite64,ftruncate,fsync,fdatasync:signal=KILL:when={n.ToString(CultureInfo.InvariantCulture)}"],
                store, CallsPerLife, random.Next(), bug == EarlyAck ? Writer.Early : null);
            var acknowledged = Writer.Acknowledged(lines);
            foreach (var wrong in await Writer.LookAsync(store, acknowledged))
            {
                tally.Violation($"killed at write {n}: {wrong}");
            }

            tally.Count();
            tally.Note("acknowledged before the kill", acknowledged.Count);
            if (acknowledged.Count >= CallsPerLife)
            {
                // It wrote less often than this: from the beginning, with other calls.
                n = 0;
                tally.Note("sweeps");
            }
        }
    }

    internal static string[] SpoiledFiles(TempFolder folder) =>
        [.. Files.SelectMany(name => new[] { "-P", folder.File(name) })];
}
