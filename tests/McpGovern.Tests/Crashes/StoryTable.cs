using System.Text;

namespace McpGovern.Tests.Crashes;

/// <summary>What was done, for whoever reads the test's output.</summary>
internal sealed class StoryTable
{
    private static readonly string[] Open = ["pending", "approved", "dispatching"];
    private static readonly string[] Ends = ["pending", "rejected", "succeeded", "failed", "outcome_unknown"];
    private readonly Dictionary<Place, (int Kills, int[] Met)> rows = [];

    public int Kills => rows.Values.Sum(row => row.Kills);
    public int OverHttp { get; private set; }
    public int CommandLines { get; private set; }
    public int KilledCommandLines { get; private set; }

    public async Task AddAsync(Place place, bool overHttp, CrashWorld world, Deciders deciders)
    {
        var (kills, met) = rows.GetValueOrDefault(place, (0, new int[Open.Length]));
        var now = await CountAsync(world, Open);
        rows[place] = (kills + 1, [.. met.Zip(now, (a, b) => a + b)]);
        OverHttp += overHttp ? 1 : 0;
        CommandLines += deciders.CommandLines;
        KilledCommandLines += deciders.KilledCommandLines;
    }

    public async Task<string> WriteAsync(CrashWorld world, string title)
    {
        var text = new StringBuilder($"{title}: {Kills} kills of the serving process ({OverHttp} of serve, {Kills - OverHttp} of stdio), {KilledCommandLines} of {CommandLines} command lines killed\n\n");
        text.AppendLine($"| killed at | kills | open calls after them: {string.Join(" | ", Open)} |");
        text.AppendLine("|---|---|---|---|---|");
        foreach (var (place, (kills, met)) in rows.OrderBy(row => row.Key))
        {
            text.AppendLine($"| {place} | {kills} | {string.Join(" | ", met)} |");
        }

        var ends = await CountAsync(world, Ends);
        return text.Append($"\nin the end: {string.Join(", ", Ends.Zip(ends, (status, count) => $"{count} {status}"))}; {world.ReadLedger().Count} ledger lines").ToString();
    }

    private static async Task<int[]> CountAsync(CrashWorld world, string[] statuses)
    {
        var counts = new List<int>();
        foreach (var status in statuses)
        {
            counts.Add((await world.IdsAsync(status)).Count);
        }

        return [.. counts];
    }
}
