using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>An upstream's process: started clean and without a shell, ended together with everything it started.</summary>
internal sealed class ChildProcess
{
    private readonly Process _process;
    private readonly ProcessGroup _group;
    private readonly ErrorTail _errors;
    private readonly string _upstream;
    private readonly ILogger _log;
    private readonly Lazy<Task> _stopping;

    private ChildProcess(Process process, string? wrapper, UpstreamConfig config, UpstreamLimits limits, TimeProvider time, ILogger log)
    {
        (_process, _upstream, _log) = (process, config.GovernedName, log);
        _group = new ProcessGroup(process, ownSession: wrapper is not null);
        if (_group.Guard(wrapper) is { } unguarded)
            UpstreamLog.Unguarded(log, _upstream, unguarded);
        _errors = new ErrorTail(_upstream, config.Mask, log);
        _stopping = new Lazy<Task>(() => StopOnceAsync(limits.StopGrace, time));
        Run("stderr", () => _errors.Read(process.StandardError.BaseStream));
    }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    public bool HasExited => _process.HasExited;

    /// <exception cref="UpstreamUnavailableException">There is no such program or folder, or the system refused.</exception>
    public static ChildProcess Start(UpstreamConfig config, UpstreamLimits limits, TimeProvider time, ILogger log)
    {
        var folder = config.Cwd ?? Environment.CurrentDirectory;
        if (!Directory.Exists(folder))
            throw new UpstreamUnavailableException($"its working directory {folder} does not exist");

        var environment = ChildEnvironment.Build(config);
        var path = environment.GetValueOrDefault("PATH");
        var program = ChildCommand.Find(config.Command ?? "", path, folder)
            ?? throw new UpstreamUnavailableException($"its command '{config.Command}' was not found");

        var wrapper = ProcessGroup.SessionWrapper(path);
        try
        {
            var process = Process.Start(StartInfo(config, program, wrapper, folder, environment))!;
            UpstreamLog.Started(log, config.GovernedName, program, process.Id);
            return new ChildProcess(process, wrapper, config, limits, time, log);
        }
        catch (Win32Exception e)
        {
            throw new UpstreamUnavailableException($"its command '{config.Command}' could not be started: {e.Message}", e);
        }
    }

    /// <summary>Why it ended, for people: the exit code and the end of its stderr.</summary>
    public string Describe()
    {
        var code = _process.HasExited ? $"its process exited with code {_process.ExitCode}" : "its process closed its output";
        return _errors.Summary() is { Length: > 0 } errors ? $"{code}: {errors}" : code;
    }

    public Task WaitForExitAsync() => _process.WaitForExitAsync();

    /// <summary>Ends the group: stdin closed, a grace, SIGTERM, a grace, SIGKILL. Once, whoever asks.</summary>
    public Task StopAsync() => _stopping.Value;

    /// <summary>Runs a blocking reader on a thread of its own: pipes of children block, and would hold the pool's threads for ever.</summary>
    public void Run(string what, Action action) =>
        new Thread(() => action(), maxStackSize: 256 * 1024) { IsBackground = true, Name = $"{_upstream} {what}" }.Start();

    private async Task StopOnceAsync(TimeSpan grace, TimeProvider time)
    {
        // Closing can block behind a write that the child does not read.
        _ = Task.Run(CloseInput);
        await WithinAsync(grace, time, () => _process.HasExited);
        _group.Terminate();
        if (!await WithinAsync(grace, time, () => !_group.IsAlive))
        {
            UpstreamLog.Killed(_log, _upstream, _process.Id);
            _group.KillAll();
            await WithinAsync(grace, time, () => !_group.IsAlive);
        }

        _group.Release();
    }

    private void CloseInput()
    {
        try
        {
            Input.Dispose();
        }
        catch (IOException)
        {
            // It is gone already: that is what closing was for.
        }
    }

    private static async Task<bool> WithinAsync(TimeSpan limit, TimeProvider time, Func<bool> done)
    {
        var step = TimeSpan.FromMilliseconds(10);
        for (var start = time.GetTimestamp(); !done(); await Task.Delay(step, time))
        {
            if (time.GetElapsedTime(start) >= limit)
                return false;
        }

        return true;
    }

    private static ProcessStartInfo StartInfo(
        UpstreamConfig config, string program, string? wrapper, string folder, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(wrapper ?? program)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (wrapper is not null)
            start.ArgumentList.Add(program);
        foreach (var argument in config.Args)
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return start;
    }
}
