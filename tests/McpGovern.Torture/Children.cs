using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace McpGovern.Torture;

/// <summary>The processes that storms start end with them, however they end. PostgreSQL has a keeper that sees to that itself.</summary>
internal static class Children
{
    private static readonly string[] Ours = ["dotnet", "strace"];

    private static readonly List<PosixSignalRegistration> Signals = [];

    /// <summary>Keeps the promise where this program is told to stop; the web servers of the storms would ignore that.</summary>
    public static void EndWithUs()
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP })
        {
            Signals.Add(PosixSignalRegistration.Create(signal, _ => EndAllAndUs()));
        }
    }

    // At once, since whoever waits for a child that has ended starts the next one.
    private static void EndAllAndUs()
    {
        // A process that has just been started may not be seen yet.
        for (var i = 0; i < 20; i++)
        {
            EndAll();
            Thread.Sleep(10);
        }

        EndAll();
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }

    public static void EndAll()
    {
        foreach (var id in Directory.Exists("/proc/self/task") ? Directory.GetDirectories("/proc/self/task").SelectMany(OfThread).ToArray() : [])
        {
            try
            {
                using var child = Process.GetProcessById(id);
                if (Ours.Contains(child.ProcessName))
                {
                    child.Kill(entireProcessTree: true);
                }
            }
            catch (ArgumentException)
            {
                // It has ended.
            }
        }
    }

    private static IEnumerable<int> OfThread(string thread)
    {
        var file = Path.Combine(thread, "children");
        return File.Exists(file) ? File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture)) : [];
    }
}
