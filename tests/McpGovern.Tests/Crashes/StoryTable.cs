using System.Text;

namespace McpGovern.Tests.Crashes;

/// <summary>What was done, for whoever reads the test's output.</summary>
internal sealed class StoryTable
{
    private static readonly string[] Statuses = ["pending", "approved", "dispatching", "succeeded", "failed", "outcome_unknown", "rejected"];
    private readonly Dictionary<Place, (int Kills, int[] Seen)> rows = [];

    public int Kills => rows.Values.Sum(row => row.Kills);
    public int CommandLines { get; private set; }
    public int KilledCommandLines { get; private set; }

    public async Task AddAsync(Place place, CrashWorld world, Deciders deciders)
    {
        var (kills, seen) = rows.GetValueOrDefault(place, (0, new int[Statuses.Length]));
        for (var i = 0; i < Statuses.Length; i++)
        {
            seen[i] += (await world.IdsAsync(Statuses[i])).Count;
        }

        rows[place] = (kills + 1, seen);
        CommandLines += deciders.CommandLines;
        KilledCommandLines += deciders.KilledCommandLines;
    }

    public async Task<string> WriteAsync(CrashWorld world, string title)
    {
        var text = new StringBuilder($"{title}: {Kills} kills of the serving process, {KilledCommandLines} of {CommandLines} command lines\n\n");
        text.AppendLine($"| killed at | kills | calls by status, summed over these kills: {string.Join(" | ", Statuses)} |");
        text.AppendLine($"|---|---|{string.Concat(Statuses.Select(_ => "---|"))}");
        foreach (var (place, (kills, seen)) in rows.OrderBy(row => row.Key))
        {
            text.AppendLine($"| {place} | {kills} | {string.Join(" | ", seen)} |");
        }

        var ends = new List<int>();
        foreach (var status in Statuses)
        {
            ends.Add((await world.IdsAsync(status)).Count);
        }

        text.AppendLine($"| in the end | | {string.Join(" | ", ends)} |");
        return text.Append($"\nledger lines: {world.ReadLedger().Count}").ToString();
    }
}
