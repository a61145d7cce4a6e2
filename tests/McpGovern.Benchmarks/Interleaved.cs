using System.Diagnostics;

namespace McpGovern.Benchmarks;

/// <summary>Times two ways of doing the same, round by round, and reports the median of the rounds' ratios.</summary>
internal static class Interleaved
{
    private const int Rounds = 7;

    /// <returns>Microseconds per operation of each side (medians), and the median ratio of the first to the second.</returns>
    public static async Task<(double Ours, double Theirs, double Ratio)> RunAsync(int operations, Func<int, Task> ours, Func<int, Task> theirs)
    {
        await ours(Math.Max(1, operations / 10));
        await theirs(Math.Max(1, operations / 10));
        var rounds = new List<(double Ours, double Theirs)>();
        for (var round = 0; round < Rounds; round++)
        {
            var first = await TimeAsync(operations, round % 2 == 0 ? ours : theirs);
            var second = await TimeAsync(operations, round % 2 == 0 ? theirs : ours);
            rounds.Add(round % 2 == 0 ? (first, second) : (second, first));
        }

        return (Median(rounds.Select(r => r.Ours)), Median(rounds.Select(r => r.Theirs)), Median(rounds.Select(r => r.Ours / r.Theirs)));
    }

    private static async Task<double> TimeAsync(int operations, Func<int, Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work(operations);
        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / operations;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}
