using System.Diagnostics;
using System.Globalization;

namespace McpGovern.Storage;

/// <summary>One run of one process, so that others can tell whether it still lives.</summary>
/// <param name="Id">Unique to one run of one process.</param>
/// <param name="Host">Where the process id means something: the machine, its boot and its process namespace.</param>
/// <param name="StartedAt">The operating system's word for when the process began, which tells a reused process id.</param>
internal sealed record ProcessLease(string Id, string Host, int ProcessId, string StartedAt)
{
    public static readonly string ThisHost = HostName();

    public static ProcessLease Current(TimeProvider time) =>
        new($"proc_{Guid.CreateVersion7(time.GetUtcNow()):n}", ThisHost, Environment.ProcessId, StartOf(Environment.ProcessId) ?? "");

    /// <summary>Whether this process can see for itself if the other one lives.</summary>
    public bool IsVisible => Host == ThisHost;

    /// <summary>Only meaningful where <see cref="IsVisible"/>.</summary>
    public bool IsAlive => StartOf(ProcessId) == StartedAt;

    /// <summary>It lives, and somebody has stopped it (Ctrl-Z, SIGSTOP, a debugger): nobody knows whether it will ever go on.</summary>
    public bool IsStopped => OperatingSystem.IsLinux() && LinuxStatOf(ProcessId) is ("T" or "t", var start) && start == StartedAt;

    private static string? StartOf(int processId) => !OperatingSystem.IsLinux() ? PortableStartOf(processId)
        : LinuxStatOf(processId) is var (state, start) && state is not ("Z" or "X") ? start : null;

    private static (string State, string Start)? LinuxStatOf(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0], fields[19]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? PortableStartOf(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return process.HasExited ? null : process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    // Two containers may share a machine name and a database file, but not a process namespace; a reboot starts the ids afresh.
    private static string HostName()
    {
        if (!OperatingSystem.IsLinux())
        {
            return Environment.MachineName;
        }

        var boot = File.Exists("/proc/sys/kernel/random/boot_id") ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : "";
        return $"{Environment.MachineName}/{boot}/{new FileInfo("/proc/self/ns/pid").LinkTarget}";
    }
}
