using System.Globalization;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture;

/// <summary>Runs the writer under strace, which records what it does to its files, or spoils one system call of it; or under another program that limits it.</summary>
internal static class TracedWriter
{
    public static string? WhyNot() => !OperatingSystem.IsLinux() ? "strace is Linux's" : File.Exists("/usr/bin/strace") ? null : "strace is not installed";

    public static Task<string[]> RunAsync(IEnumerable<string> strace, string storeText, int calls, int seed, string? bug) =>
        RunUnderAsync("strace", ["-f", "-qq", "--seccomp-bpf", .. strace], storeText, calls, seed, bug);

    /// <returns>The lines that it wrote before its end, whichever that was.</returns>
    public static async Task<string[]> RunUnderAsync(string program, IEnumerable<string> itsArgs, string storeText, int calls, int seed, string? bug)
    {
        string[] args =
        [
            .. itsArgs, "dotnet", typeof(TracedWriter).Assembly.Location, "writer", storeText,
            calls.ToString(CultureInfo.InvariantCulture), seed.ToString(CultureInfo.InvariantCulture), .. bug is null ? Array.Empty<string>() : [bug],
        ];
        await using var process = new ChildProcess(program, args, new Dictionary<string, string?>
        {
            // What pays off later only makes each short life longer.
            ["DOTNET_TieredPGO"] = "0",
            ["DOTNET_gcServer"] = "0",
            ["DOTNET_gcConcurrent"] = "0",
            // So that a limit on file sizes is an error of a write, and not the end of the runtime.
            ["DOTNET_EnableWriteXorExecute"] = "0",
        });
        await process.WaitForExitAsync(TimeSpan.FromMinutes(5));
        var lines = process.Output.Split('\n');
        // The last line may have been cut off.
        return [.. lines[..^1]];
    }
}
