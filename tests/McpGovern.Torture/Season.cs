using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace McpGovern.Torture;

/// <summary>All chosen storms one after the other, each followed by its controls, and a report in Markdown.</summary>
internal sealed class Season(IReadOnlyList<Storm> storms, bool full, int seed, string? reportFile)
{
    private const int Short = 10;

    private readonly StringBuilder rows = new();
    private readonly List<string> failures = [];

    /// <returns>0, or 1 where a promise was broken or a control was not seen to break it.</returns>
    public async Task<int> RunAsync()
    {
        Console.WriteLine($"seed {seed}, {(full ? "full" : "short")}");
        foreach (var storm in storms)
        {
            await RunAsync(storm);
        }

        var report = Report();
        Console.WriteLine(report);
        if (reportFile is not null)
        {
            await File.WriteAllTextAsync(reportFile, report);
        }

        failures.ForEach(Console.Error.WriteLine);
        return failures.Count == 0 ? 0 : 1;
    }

    private async Task RunAsync(Storm storm)
    {
        if (storm.WhyNot() is { } lacking)
        {
            rows.AppendLine(CultureInfo.InvariantCulture, $"| {storm.Name} | not run: {lacking} | | | |");
            if (Environment.GetEnvironmentVariable("CI") == "true")
            {
                failures.Add($"{storm.Name} was not run: {lacking}");
            }

            return;
        }

        var clock = Stopwatch.StartNew();
        var count = full ? storm.Full : (storm.Full + Short - 1) / Short;
        var tally = await TryAsync(storm, count, bug: null);
        failures.AddRange(tally.Wrong.Select(wrong => $"{storm.Name}: {wrong}"));
        if (tally.Done < count)
        {
            failures.Add($"{storm.Name}: {tally.Done} of {count} {storm.Unit} were done");
        }

        var caught = new List<string>();
        foreach (var (bug, most) in storm.Controls)
        {
            var seen = await TryAsync(storm, most, bug);
            caught.Add($"{bug}: {(seen.Violations > 0 ? $"caught ({seen.Violations})" : "NOT CAUGHT")}");
            if (seen.Violations == 0)
            {
                failures.Add($"{storm.Name}: the control '{bug}' was not caught, so the storm is blind");
            }
        }

        var notes = string.Join("; ", tally.Notes.Select(note => $"{note.Key} {note.Value:N0}"));
        var row = string.Create(CultureInfo.InvariantCulture,
            $"| {storm.Name} | {tally.Done:N0} {storm.Unit} | {tally.Violations} | {string.Join("; ", caught)} | {notes} | {clock.Elapsed.TotalSeconds:N0} s |");
        rows.AppendLine(row);
        Console.WriteLine(row);
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

        return tally;
    }

    private string Report() => string.Create(CultureInfo.InvariantCulture, $"""
        # Torture: what was broken, and what was lost

        Seed {seed}, {(full ? "full" : "short")} run, {Environment.ProcessorCount} cores, {Environment.OSVersion.VersionString}, .NET {Environment.Version}, commit {Commit()}.
        Run it again with `dotnet run -c Release --project tests/McpGovern.Torture -- --seed {seed}{(full ? " --full" : "")}`.

        | storm | done | promises broken | controls: bugs that it must find | notes | time |
        |---|---|---|---|---|---|
        {rows}
        """);

    private static string Commit()
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", "rev-parse --short HEAD") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var text = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? text : "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }
}
