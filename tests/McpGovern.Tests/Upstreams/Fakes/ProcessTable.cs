using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>Looks at processes that are not our children.</summary>
internal static class ProcessTable
{
    /// <summary>Whether it runs; one that is dead and only waits for its parent to notice does not.</summary>
    public static bool IsAlive(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    public static Task GoneAsync(int pid) => Eventually.TrueAsync(() => !IsAlive(pid), $"the end of process {pid}");
}
