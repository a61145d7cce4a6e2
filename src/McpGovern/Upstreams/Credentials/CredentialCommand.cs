using System.ComponentModel;
using System.Diagnostics;

namespace McpGovern.Upstreams;

/// <summary>What a command says for a reference. Started without a shell, and what it writes is shown to nobody, whatever becomes of it.</summary>
internal static class CredentialCommand
{
    /// <exception cref="CredentialException">It could not be started, failed, took too long, or said nothing usable.</exception>
    public static async Task<string> RunAsync(CredentialText text, CredentialPart.FromCommand command, TimeSpan limit, TimeProvider time, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        using var process = Start(text, command);
        try
        {
            process.StandardInput.Close();
            // A full pipe would stop it; what it complains of may hold what it should keep.
            _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, either.Token).ContinueWith(done => done.Exception, TaskScheduler.Default);
            var output = new byte[CredentialFile.Most + 1];
            var count = await process.StandardOutput.BaseStream.ReadAtLeastAsync(output, output.Length, throwOnEndOfStream: false, either.Token);
            if (CredentialFile.Decode(output.AsSpan(0, count)) is not { } said)
                throw new CredentialException(text, command.Shown, "said no text of at most 64 KiB");
            await process.WaitForExitAsync(either.Token);
            return process.ExitCode == 0 ? said.Trim() : throw new CredentialException(text, command.Shown, $"ended with code {process.ExitCode}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CredentialException(text, command.Shown, $"took longer than {limit.TotalSeconds:0.#} s");
        }
        catch (IOException)
        {
            throw new CredentialException(text, command.Shown, "could not be read");
        }
        finally
        {
            End(process);
        }
    }

    private static Process Start(CredentialText text, CredentialPart.FromCommand command)
    {
        var program = ChildCommand.Find(command.Command[0], Environment.GetEnvironmentVariable("PATH"), command.Folder)
            ?? throw new CredentialException(text, command.Shown, "names no program that can be found");
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            WorkingDirectory = command.Folder,
            // Ours may be the client's pipe.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in command.Command.Skip(1))
            start.ArgumentList.Add(argument);
        foreach (var ours in start.Environment.Keys.Where(ChildEnvironment.IsOurs).ToArray())
            start.Environment.Remove(ours);
        try
        {
            return Process.Start(start)!;
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new CredentialException(text, command.Shown, "could not be started");
        }
    }

    private static void End(Process process)
    {
        try
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended meanwhile.
        }
    }
}
