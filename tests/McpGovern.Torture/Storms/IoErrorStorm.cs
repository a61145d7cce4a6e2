using System.Globalization;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Storms;

/// <summary>The disk fails the nth write, or the nth sync, or says that it is full: refused clearly, and nothing acknowledged is lost.</summary>
internal sealed class IoErrorStorm : Storm
{
    private const string EarlyAck = "acknowledge first";
    private const int CallsPerLife = 4, DeepestFault = 40;

    private static readonly (string Calls, string Error)[] Faults =
        [("write,pwrite64", "EIO"), ("write,pwrite64", "ENOSPC"), ("fsync,fdatasync", "EIO"), ("ftruncate", "EIO")];

    public override string Name => "I/O errors, SQLite";
    public override string Unit => "errors";
    public override int Full => 300;
    public override IReadOnlyList<(string, int)> Controls => [(EarlyAck, 30)];

    public override string? WhyNot() => TracedWriter.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        while (tally.Done < count)
        {
            using var folder = new TempFolder();
            var store = $"sqlite:{folder.File("store.db")}";
            await PowerLossStorm.MakeAsync(store);
            var (calls, error) = Faults[tally.Done % Faults.Length];
            // From the nth on, or only the nth: a disk that is gone, or one that recovers.
            var when = string.Create(CultureInfo.InvariantCulture, $"{1 + random.Next(DeepestFault)}{(random.Next(2) == 0 ? "+" : "")}");
            var lines = await TracedWriter.RunAsync(
                [.. SyscallKillStorm.SpoiledFiles(folder), "-o", "/dev/null", "-e", $"inject={calls}:error={error}:when={when}"],
                store, CallsPerLife, random.Next(), bug == EarlyAck ? Writer.Early : null);
            foreach (var wrong in await Writer.LookAsync(store, Writer.Acknowledged(lines)))
            {
                tally.Violation($"{error} of {calls} at {when}: {wrong}");
            }

            tally.Count();
            tally.Note("refused", lines.Count(line => line == "refused"));
        }
    }
}
