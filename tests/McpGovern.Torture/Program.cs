using System.Globalization;

namespace McpGovern.Torture;

/// <summary>
/// Breaks the stores and processes of McpGovern in every way that a machine can, and counts what was lost.
/// <c>dotnet run --project tests/McpGovern.Torture -- [--full] [--seed N] [--only NAME] [--report FILE]</c>
/// </summary>
internal static class Program
{
    private const string Usage = "usage: [--full] [--seed N] [--only NAME] [--report FILE]";

    private static async Task<int> Main(string[] args)
    {
        if (args is ["writer", .. var options])
        {
            return await Writer.RunAsync(options);
        }

        var (full, seed, only, report) = (false, Environment.TickCount & 0xffff, (string?)null, (string?)null);
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
                    only = value;
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

        var storms = Storm.All.Where(storm => only is null || storm.Name.Contains(only, StringComparison.Ordinal)).ToArray();
        storms = storms.FirstOrDefault(storm => storm.Name == only) is { } named ? [named] : storms;
        if (storms.Length == 0)
        {
            await Console.Error.WriteLineAsync($"no storm is called '{only}'; there are: {string.Join(", ", Storm.All.Select(storm => storm.Name))}");
            return 2;
        }

        Children.EndWithUs();
        return await new Season(storms, full, seed, report).RunAsync();
    }
}
