using System.Diagnostics;
using System.Runtime.InteropServices;

namespace McpGovern.Upstreams;

/// <summary>
/// The process of an upstream with everything it started. On Linux the child leads a session of its own, so one signal reaches its
/// grandchildren too; elsewhere the tree is walked when it has to be killed.
/// </summary>
internal sealed class ProcessGroup(Process leader, bool ownSession)
{
    private const int SigKill = 9, SigTerm = 15;

    private readonly int _id = leader.Id;

    /// <summary>The wrapper that gives a child its own session, or null where the system has none.</summary>
    /// <remarks>
    /// When we are killed, the <see cref="Watchdog"/> ends the group. A child in the middle of an effect might have finished it, but nobody
    /// would have been left to record that: the call is unknown either way, and a child that goes on by itself is one that nobody stops.
    /// </remarks>
    public static string? SessionWrapper(string? path) =>
        OperatingSystem.IsLinux() ? ChildCommand.Find("setsid", path, "/") ?? ChildCommand.Find("/usr/bin/setsid", null, "/") : null;

    /// <summary>Whether anything of it still runs.</summary>
    public bool IsAlive => ownSession ? Kill(-_id, 0) == 0 || !leader.HasExited : !leader.HasExited;

    /// <returns>Why nobody would end the group if this process were killed, or null.</returns>
    public string? Guard(string? wrapper) => ownSession ? Watchdog.Guard(_id, wrapper!) : null;

    /// <summary>Once nothing of it runs.</summary>
    public void Release() => Watchdog.Release(_id);

    public void Terminate()
    {
        if (ownSession)
            _ = Kill(-_id, SigTerm);
        else if (!OperatingSystem.IsWindows() && !leader.HasExited)
            _ = Kill(_id, SigTerm);
    }

    public void KillAll()
    {
        if (ownSession)
            _ = Kill(-_id, SigKill);

        // Also when the group has it: a child that is stopped at once may not lead its own session yet.
        if (!leader.HasExited)
            leader.Kill(entireProcessTree: true);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
