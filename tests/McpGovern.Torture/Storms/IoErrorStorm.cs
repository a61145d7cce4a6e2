using System.Globalization;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Storms;

/// <summary>The disk fails the nth write, or the nth sync, or says that it is full: refused clearly, and nothing acknowledged is lost.</summary>
internal sealed class IoErrorStorm : Storm
{
    private const string EarlyAck = "acknowledge first";
    private const int CallsPerLife = 3, DeepestFault = 40, Lanes = 3;

    private static readonly (string Calls, string Error)[] Faults =
        [("write,pwrite64", "EIO"), ("write,pwrite64", "ENOSPC"), ("fsync,fdatasync", "EIO"), ("ftruncate", "EIO")];

    public override string Name => "I/O errors, SQLite";
    public override string Unit => "errors";
    public override int Full => 300;
    public override IReadOnlyList<(string, int)> Controls => [(EarlyAck, 30)];

    public override string? WhyNot() => TracedWriter.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        while (tally.Done < count && (bug is null || tally.Violations == 0))
        {
            // From the nth on, or only the nth: a disk that is gone, or one that recovers.
            var lives = Enumerable.Range(tally.Done, Lanes).Select(i => (Fault: Faults[i % Faults.Length], Seed: random.Next(),
                When: string.Create(CultureInfo.InvariantCulture, $"{1 + random.Next(DeepestFault)}{(random.Next(2) == 0 ? "+" : "")}"))).ToArray();
            foreach (var (refused, wrong) in await Task.WhenAll(lives.Select(life => LiveAsync(life.Fault, life.When, life.Seed, bug))))
            {
                wrong.ForEach(tally.Violation);
                tally.Count();
                tally.Note("refused", refused);
            }
        }
    }

    private static async Task<(int Refused, List<string> Wrong)> LiveAsync((string Calls, string Error) fault, string when, int seed, string? bug)
    {
        using var folder = new TempFolder();
        var store = $"sqlite:{folder.File("store.db")}";
        await PowerLossStorm.MakeAsync(store);
        var lines = await TracedWriter.RunAsync(
            [.. SyscallKillStorm.SpoiledFiles(folder), "-o", "/dev/null", "-e", $"inject={fault.Calls}:error={fault.Error}:when={when}"],
            store, CallsPerLife, seed, bug == EarlyAck ? Writer.Early : null);
        var wrong = await Writer.LookAsync(store, Writer.Acknowledged(lines));
        return (lines.Count(line => line == "refused"), [.. wrong.Select(what => $"{fault.Error} of {fault.Calls} at {when}: {what}")]);
    }
}
