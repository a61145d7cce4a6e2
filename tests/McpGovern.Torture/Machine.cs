using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace McpGovern.Torture;

/// <summary>What a report has to say of where it was made.</summary>
internal static class Machine
{
    public static string Commit() => Ask("git", "rev-parse", "--short", "HEAD") + (Ask("git", "status", "--porcelain", "--untracked-files=no").Length > 0 ? " with changes" : "");

    public static string Describe() =>
        $"{Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, {RuntimeInformation.OSDescription} ({Environment.OSVersion.VersionString}), "
        + $".NET {Environment.Version}, {Postgres()}, load {Load()}";

    private static string Postgres() =>
        Directory.Exists("/usr/lib/postgresql") && Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().FirstOrDefault() is { } newest
            ? Ask(Path.Combine(newest, "bin", "postgres"), "--version")
            : "no PostgreSQL";

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    private static string Ask(string program, params string[] args)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var text = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? text : "unknown";
        }
        catch (Win32Exception)
        {
            return "unknown";
        }
    }
}
