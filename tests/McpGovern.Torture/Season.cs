using System.Diagnostics;
using System.Globalization;

namespace McpGovern.Torture;

/// <summary>All chosen storms one after the other, each followed by its controls, and a report in Markdown that grows with each.</summary>
internal sealed class Season(IReadOnlyList<Storm> storms, bool full, int seed, string? reportFile)
{
    private const int Short = 10;

    // Of the beginning: the report itself is a change.
    private readonly string commit = Machine.Commit(), machine = Machine.Describe();

    private readonly List<string> rows = [];
    private readonly List<string> failures = [];
    private int passed, failed, skipped;

    /// <returns>0, or 1 where a promise was broken or a control was not seen to break it.</returns>
    public async Task<int> RunAsync()
    {
        Console.WriteLine($"seed {seed}, {(full ? "full" : "short")}, {storms.Count} storms");
        var clock = Stopwatch.StartNew();
        foreach (var storm in storms)
        {
            var before = failures.Count;
            var wasRun = await RunAsync(storm);
            (passed, failed, skipped) = failures.Count > before ? (passed, failed + 1, skipped) : wasRun ? (passed + 1, failed, skipped) : (passed, failed, skipped + 1);
            Console.WriteLine($"{rows[^1]} ({rows.Count} of {storms.Count}, {clock.Elapsed.TotalMinutes:N1} min)");
            await WriteReportAsync();
        }

        failures.ForEach(Console.Error.WriteLine);
        Console.WriteLine($"storms: {passed} passed, {failed} failed, {skipped} skipped");
        return failures.Count == 0 ? 0 : 1;
    }

    /// <returns>Whether this machine has what it needs.</returns>
    private async Task<bool> RunAsync(Storm storm)
    {
        if (storm.WhyNot() is { } lacking)
        {
            rows.Add($"| {storm.Name} | not run: {lacking} | | | | |");
            if (Environment.GetEnvironmentVariable("CI") == "true")
            {
                failures.Add($"{storm.Name} was not run: {lacking}");
            }

            return false;
        }

        var clock = Stopwatch.StartNew();
        var count = full ? storm.Full : (storm.Full + Short - 1) / Short;
        Console.WriteLine($"{storm.Name}: {count:N0} {storm.Unit} ...");
        var tally = await TryAsync(storm, count, bug: null);
        failures.AddRange(tally.Wrong.Select(wrong => $"{storm.Name}: {wrong}"));
        if (tally.Done < count)
        {
            failures.Add($"{storm.Name}: {tally.Done} of {count} {storm.Unit} were done");
        }

        var caught = new List<string>();
        foreach (var (bug, most) in storm.Controls)
        {
            var began = clock.Elapsed;
            var seen = await TryAsync(storm, most, bug);
            Console.WriteLine($"  control '{bug}': {seen.Violations} after {seen.Done} {storm.Unit}, {(clock.Elapsed - began).TotalSeconds:N0} s");
            caught.Add($"{bug}: {(seen.Violations > 0 ? $"caught ({seen.Violations})" : "NOT CAUGHT")}");
            if (seen.Violations == 0)
            {
                failures.Add($"{storm.Name}: the control '{bug}' was not caught, so the storm is blind");
            }
        }

        var notes = string.Join("; ", tally.Notes.Select(note => $"{note.Key} {note.Value:N0}"));
        rows.Add(string.Create(CultureInfo.InvariantCulture,
            $"| {storm.Name} | {tally.Done:N0} {storm.Unit} | {tally.Violations} | {string.Join("; ", caught)} | {notes} | {clock.Elapsed.TotalSeconds:N0} s |"));
        return true;
    }

    private async Task<Tally> TryAsync(Storm storm, int count, string? bug)
    {
        var tally = new Tally();
        try
        {
            await storm.RunAsync(tally, count, new Random(seed), bug);
        }
        catch (Exception e)
        {
            failures.Add($"{storm.Name}{(bug is null ? "" : $", control '{bug}'")}: broke after {tally.Done} {storm.Unit}: {e}");
        }

        // A storm that breaks may leave some behind.
        Children.EndAll();
        return tally;
    }

    // After each storm, so that a run that is cut off has told what it did.
    private async Task WriteReportAsync()
    {
        if (reportFile is not null)
        {
            await File.WriteAllTextAsync(reportFile, Report());
        }
    }

    private string Report() => $"""
        # Torture: what was broken, and what was lost

        Seed {seed}, {(full ? "full" : "short")} run{(rows.Count < storms.Count ? $", NOT COMPLETE: {rows.Count} of {storms.Count} storms" : "")}, commit {commit}.
        {passed} storms passed, {failed} failed, {skipped} were skipped.
        Machine: {machine}.
        Run it again with `dotnet run --project tests/McpGovern.Torture -- --seed {seed}{(full ? " --full" : "")}`.

        | storm | done | promises broken | controls: bugs that it must find | notes | time |
        |---|---|---|---|---|---|
        {string.Join('\n', rows)}
        {string.Concat(failures.Select(failure => $"\n- {failure.ReplaceLineEndings(" ")}"))}

        """;
}
