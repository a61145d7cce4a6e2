using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace McpGovern.Upstreams;

/// <summary>
/// Ends the children's groups when this process is killed and cannot. One small shell for all of them reads from a pipe that only this
/// process writes to: however it ends, the pipe ends with it, and whatever group is still on the shell's list is told to end, then killed.
/// </summary>
/// <remarks>
/// Not a parent-death signal: that reaches the child alone and not what it started, it fires when the thread that started the child ends,
/// and the tools that set it are not everywhere. A child that we were killed over before it was on the list has not been sent anything,
/// and sees its stdin end.
/// </remarks>
internal static class Watchdog
{
    // The shell has a session of its own, so that a Ctrl-C or a SIGTERM for all of us does not take it along before it is needed.
    private const string Script =
        """
        trap '' HUP INT TERM
        groups=
        while read -r sign group; do
          if [ "$sign" = + ]; then groups="$groups $group"; continue; fi
          left=
          for g in $groups; do [ "$g" = "$group" ] || left="$left $g"; done
          groups=$left
        done
        [ -n "$groups" ] || exit 0
        for g in $groups; do kill -s TERM -- "-$g"; done
        sleep 0.5 || sleep 1
        for g in $groups; do kill -s KILL -- "-$g"; done
        """;

    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Groups = [];
    private static Process? shell;

    /// <param name="setsid">Whatever gave the group its session gives the watchdog one.</param>
    /// <returns>Why nobody watches, or null.</returns>
    public static string? Guard(int group, string setsid)
    {
        lock (Gate)
        {
            Groups.Add(group);
            return TryTell($"+ {group}") ? null : Start(setsid);
        }
    }

    /// <summary>Nothing of the group runs any more, and its number may become another's.</summary>
    public static void Release(int group)
    {
        lock (Gate)
        {
            if (Groups.Remove(group))
                TryTell($"- {group}");
        }
    }

    private static string? Start(string setsid)
    {
        try
        {
            shell?.Dispose();
            var start = new ProcessStartInfo(setsid, ["/bin/sh", "-c", Script, "mcpgovern-watchdog"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = "/",
            };
            var path = start.Environment["PATH"];
            start.Environment.Clear();
            start.Environment["PATH"] = path;
            shell = Process.Start(start)!;
            // It says nothing; a stdout of ours would be MCP's.
            shell.StandardOutput.Dispose();
            shell.StandardError.Dispose();
            return TryTell(string.Join('\n', Groups.Select(group => string.Create(CultureInfo.InvariantCulture, $"+ {group}")))) ? null : "it ended at once";
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            return e.Message;
        }
    }

    private static bool TryTell(string line)
    {
        if (shell is null)
            return false;
        try
        {
            var pipe = shell.StandardInput.BaseStream;
            pipe.Write(Encoding.ASCII.GetBytes(line + "\n"));
            pipe.Flush();
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            return false;
        }
    }
}
