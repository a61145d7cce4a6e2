using System.Diagnostics;
using System.Runtime.InteropServices;

namespace McpGovern.Tests.Processes;

internal sealed record Finished(int ExitCode, string Output, string Errors)
{
    public override string ToString() => $"exit {ExitCode}\nstdout:\n{Output}\nstderr:\n{Errors}";
}

/// <summary>A process that a test starts, watches, and never leaves behind.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int Sigterm = 15, Sigcont = 18, Sigstop = 19;
    private readonly Process process;
    private readonly CapturedText? output;
    private readonly CapturedText errors;

    /// <param name="environment">Added to the test's own; a <c>null</c> value removes the variable.</param>
    /// <param name="captureOutput">Off where the test itself speaks with the process over <see cref="Input"/> and <see cref="RawOutput"/>.</param>
    public ChildProcess(
        string file,
        IEnumerable<string> args,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingDirectory = null,
        bool captureOutput = true)
    {
        var start = new ProcessStartInfo(file, args)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        output = captureOutput ? CapturedText.Of(process.StandardOutput) : null;
        errors = CapturedText.Of(process.StandardError);
    }

    public int Id => process.Id;
    public bool HasExited => process.HasExited;

    /// <summary>Of one that has exited.</summary>
    public int ExitCode => process.ExitCode;
    public Stream Input => process.StandardInput.BaseStream;
    public Stream RawOutput => process.StandardOutput.BaseStream;
    public string Output => output?.ToString() ?? "";
    public string Errors => errors.ToString();

    /// <summary>SIGKILL for this process alone: what it started learns of it only by its closed pipes.</summary>
    public void KillHard() => process.Kill();

    /// <summary>SIGSTOP: it lives and does nothing, as on a machine that has stalled. The numbers are Linux's.</summary>
    public void Freeze() => Assert.Equal(0, Kill(process.Id, Sigstop));

    public void Thaw() => Assert.Equal(0, Kill(process.Id, Sigcont));

    /// <summary>Closes stdin, waits for the end, and gives what was written.</summary>
    public async Task<Finished> EndAsync(string? input = null, TimeSpan? limit = null)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException) when (process.HasExited)
        {
            // It did not wait for its input; its exit code and its words tell more than the broken pipe.
        }

        return await WaitForExitAsync(limit);
    }

    /// <summary>SIGTERM (Windows has none and kills), then the end.</summary>
    public async Task<Finished> StopAsync(TimeSpan? limit = null)
    {
        if (OperatingSystem.IsWindows())
        {
            process.Kill();
        }
        else if (!process.HasExited)
        {
            _ = Kill(process.Id, Sigterm);
        }

        return await WaitForExitAsync(limit);
    }

    public async Task<Finished> WaitForExitAsync(TimeSpan? limit = null)
    {
        using var timer = new CancellationTokenSource(limit ?? Eventually.Limit);
        try
        {
            await process.WaitForExitAsync(timer.Token);
            await Task.WhenAll(output?.Ended ?? Task.CompletedTask, errors.Ended).WaitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"process {process.Id} ({process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}) "
                + $"did not end and close its streams; stdout:\n{Output}\nstderr:\n{Errors}");
        }

        return new Finished(process.ExitCode, Output, Errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
