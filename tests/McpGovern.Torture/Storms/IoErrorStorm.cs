using System.Globalization;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Storms;

/// <summary>The disk fails the nth write, or the nth sync, or says that it is full: refused clearly, and nothing acknowledged is lost.</summary>
internal sealed class IoErrorStorm : Storm
{
    private const string EarlyAck = "acknowledge first";
    private const int CallsPerLife = 3, Lanes = 3, MostInVain = 1_000;

    // No deeper than a life goes.
    private static readonly (string Calls, string Error, int Deepest)[] Faults =
        [("write,pwrite64", "EIO", 40), ("write,pwrite64", "ENOSPC", 40), ("fsync,fdatasync", "EIO", 40), ("ftruncate", "EIO", 8)];

    public override string Name => "I/O errors, SQLite";
    public override string Unit => "errors";
    public override int Full => 300;
    public override IReadOnlyList<(string, int)> Controls => [(EarlyAck, 30)];

    public override string? WhyNot() => TracedWriter.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        for (var began = 0; tally.Done < count && began < count + MostInVain && (bug is null || tally.Violations == 0); began += Lanes)
        {
            // From the nth on, or only the nth: a disk that is gone, or one that recovers.
            var lives = Enumerable.Range(began, Lanes).Select(i => Faults[i % Faults.Length]).Select(fault => (Fault: fault, Seed: random.Next(),
                When: string.Create(CultureInfo.InvariantCulture, $"{1 + random.Next(fault.Deepest)}{(random.Next(2) == 0 ? "+" : "")}"))).ToArray();
            foreach (var (isHit, refused, wrong) in await Task.WhenAll(lives.Select(life => LiveAsync(life.Fault, life.When, life.Seed, bug))))
            {
                wrong.ForEach(tally.Violation);
                tally.Note("refused", refused);
                if (isHit)
                {
                    tally.Count();
                }
                else
                {
                    tally.Note("lives that ended before their error");
                }
            }
        }

        if (bug is null && tally.Done < count)
        {
            tally.Violation($"only {tally.Done} errors came about");
        }
    }

    private static async Task<(bool IsHit, int Refused, List<string> Wrong)> LiveAsync((string Calls, string Error, int Deepest) fault, string when, int seed, string? bug)
    {
        using var folder = new TempFolder();
        var store = $"sqlite:{folder.File("store.db")}";
        await PowerLossStorm.MakeAsync(store);
        using var log = new TempFolder();
        var lines = await TracedWriter.RunAsync(
            [.. SyscallKillStorm.SpoiledFiles(folder), "-o", log.File("trace"), "-e", $"trace={fault.Calls}", "-e", $"inject={fault.Calls}:error={fault.Error}:when={when}"],
            store, CallsPerLife, seed, bug == EarlyAck ? Writer.Early : null);
        var wrong = await Writer.LookAsync(store, Writer.Acknowledged(lines));
        var isHit = File.ReadLines(log.File("trace")).Any(line => line.Contains("(INJECTED)", StringComparison.Ordinal));
        return (isHit, lines.Count(line => line == "refused"), [.. wrong.Select(what => $"{fault.Error} of {fault.Calls} at {when}: {what}")]);
    }
}
