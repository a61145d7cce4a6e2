using System.Globalization;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture;

/// <summary>Spoils system calls of a process that runs already, of its children, and of those that come, until it is disposed of.</summary>
internal sealed class StraceOn : IAsyncDisposable
{
    private const string Scope = "/proc/sys/kernel/yama/ptrace_scope";

    private readonly TempFolder folder = new();
    private readonly ChildProcess tracer;

    private StraceOn(string inject, IEnumerable<string> files, IEnumerable<int> processes) => tracer = new("strace",
    [
        "-f", "-qq", "-o", Log, "-e", $"trace={inject.Split(':')[0]}", "-e", $"inject={inject}",
        .. files.SelectMany(file => new[] { "-P", file }), .. processes.SelectMany(id => new[] { "-p", id.ToString(CultureInfo.InvariantCulture) }),
    ]);

    private string Log => folder.File("strace");

    public static string? WhyNot() => TracedWriter.WhyNot()
        ?? (!Environment.IsPrivilegedProcess && File.Exists(Scope) && File.ReadAllText(Scope).Trim() != "0" ? "a process may trace only its own children here" : null);

    /// <param name="inject">Names of system calls, and what becomes of them, as <c>strace -e inject</c> has it.</param>
    /// <param name="files">Only of calls about these, where there are any.</param>
    public static async Task<StraceOn> AllOfAsync(int process, string inject, IEnumerable<string> files)
    {
        var all = File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture)).Prepend(process).ToArray();
        var strace = new StraceOn(inject, files, all);
        await Eventually.TrueAsync(() => all.All(strace.Traces), () => $"strace does not trace: {strace.tracer.Errors}");
        return strace;
    }

    /// <summary>Waits until a call was spoiled.</summary>
    public async Task<bool> HasHitAsync(TimeSpan atMost)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!IsHit())
        {
            if (TimeProvider.System.GetElapsedTime(began) > atMost)
            {
                return false;
            }

            await Task.Delay(20);
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await tracer.StopAsync();
        await tracer.DisposeAsync();
        folder.Dispose();
    }

    private bool IsHit()
    {
        using var text = new StreamReader(new FileStream(Log, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite));
        return text.ReadToEnd().Contains("(INJECTED)", StringComparison.Ordinal);
    }

    private bool Traces(int process)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status").Contains($"TracerPid:\t{tracer.Id}");
        }
        catch (IOException)
        {
            // It has ended.
            return true;
        }
    }
}
