using System.Diagnostics;
using System.Globalization;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture;

/// <summary>Runs the writer under strace, which records what it does to its files, or spoils one system call of it.</summary>
internal static class TracedWriter
{
    public static string? WhyNot() => !OperatingSystem.IsLinux() ? "strace is Linux's" : File.Exists("/usr/bin/strace") ? null : "strace is not installed";

    /// <returns>The lines that it wrote before its end, whichever that was.</returns>
    public static async Task<string[]> RunAsync(IEnumerable<string> strace, string storeText, int calls, int seed, string? bug)
    {
        string[] args =
        [
            "-f", "-qq", "--seccomp-bpf", .. strace, "dotnet", typeof(TracedWriter).Assembly.Location, "writer", storeText,
            calls.ToString(CultureInfo.InvariantCulture), seed.ToString(CultureInfo.InvariantCulture), .. bug is null ? Array.Empty<string>() : [bug],
        ];
        // What pays off later only makes each short life longer.
        await using var process = new ChildProcess("strace", args, new Dictionary<string, string?> { ["DOTNET_TieredPGO"] = "0", ["DOTNET_gcServer"] = "0", ["DOTNET_gcConcurrent"] = "0" });
        await process.WaitForExitAsync(TimeSpan.FromMinutes(5));
        var lines = process.Output.Split('\n');
        // The last line may have been cut off.
        return [.. lines[..^1]];
    }
}
