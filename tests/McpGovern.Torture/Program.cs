using System.Globalization;

namespace McpGovern.Torture;

/// <summary>
/// Breaks the stores and processes of McpGovern in every way that a machine can, and counts what was lost.
/// <c>dotnet run --project tests/McpGovern.Torture -- [--full] [--seed N] [--only NAME]... [--report FILE]</c>
/// </summary>
internal static class Program
{
    private const string Usage = "usage: [--full] [--seed N] [--only NAME]... [--report FILE]";

    private static async Task<int> Main(string[] args)
    {
        if (args is ["writer", .. var options])
        {
            return await Writer.RunAsync(options);
        }

        var (full, seed, only, report) = (false, Environment.TickCount & 0xffff, new List<string>(), (string?)null);
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : null;
            switch (args[i])
            {
                case "--full":
                    full = true;
                    continue;
                case "--seed" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out seed):
                    break;
                case "--only" when value is not null:
                    only.Add(value);
                    break;
                case "--report" when value is not null:
                    report = value;
                    break;
                default:
                    await Console.Error.WriteLineAsync(Usage);
                    return 2;
            }

            i++;
        }

        if (only.FirstOrDefault(name => Called(name).Length == 0) is { } unknown)
        {
            await Console.Error.WriteLineAsync($"no storm is called '{unknown}'; there are: {string.Join(", ", Storm.All.Select(storm => storm.Name))}");
            return 2;
        }

        var storms = only.Count == 0 ? Storm.All : [.. Storm.All.Intersect(only.SelectMany(Called))];
        Children.EndWithUs();
        return await new Season(storms, full, seed, report).RunAsync();
    }

    // A storm by its whole name, or all that have this in theirs.
    private static Storm[] Called(string name) => Storm.All.Where(storm => storm.Name == name).ToArray() is { Length: > 0 } named
        ? named : [.. Storm.All.Where(storm => storm.Name.Contains(name, StringComparison.Ordinal))];
}
