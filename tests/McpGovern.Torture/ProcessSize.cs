using System.Globalization;

namespace McpGovern.Torture;

/// <summary>What a process holds, as Linux counts it.</summary>
internal sealed record ProcessSize(long Mebibytes, int Files, int Threads)
{
    public static string? WhyNot() => OperatingSystem.IsLinux() ? null : "memory and open files are counted as Linux has them";

    public static ProcessSize Of(int process) => new(
        long.Parse(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("RssAnon", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) >> 10,
        Count(process, "fd"), Count(process, "task"));

    private static int Count(int process, string what) => Directory.GetFileSystemEntries($"/proc/{process}/{what}").Length;
}
