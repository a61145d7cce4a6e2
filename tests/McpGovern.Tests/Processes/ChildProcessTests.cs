namespace McpGovern.Tests.Processes;

/// <summary>The fixture that every test over processes stands on.</summary>
public sealed class ChildProcessTests
{
    // Echoes its input, tells what ended it, and writes to both streams.
    private const string Script = "echo ready; echo warned >&2; trap 'echo term; exit 7' TERM; while read -r line; do echo \"got $line\"; done; exit 3";

    [SkippableFact]
    public async Task EndAsync_WithInput_GivesExitCodeAndBothStreams()
    {
        await using var process = Start();
        Assert.Equal(new Finished(3, "ready\ngot a\ngot b\n", "warned\n"), await process.EndAsync("a\nb\n"));
    }

    [SkippableFact]
    public async Task StopAsync_OfARunningProcess_AsksItToEnd()
    {
        await using var process = Start();
        await Eventually.TrueAsync(() => process.Errors.Length > 0, () => "it did not start");
        var end = await process.StopAsync();
        Assert.Equal((7, "ready\nterm\n"), (end.ExitCode, end.Output));
    }

    [SkippableFact]
    public async Task KillHard_OfARunningProcess_LeavesItNoLastWord()
    {
        await using var process = Start();
        await Eventually.TrueAsync(() => process.Errors.Length > 0, () => "it did not start");
        process.KillHard();
        var end = await process.WaitForExitAsync();
        Assert.Equal((137, "ready\n"), (end.ExitCode, end.Output));
    }

    [SkippableFact]
    public async Task DisposeAsync_OfARunningProcess_EndsIt()
    {
        int id;
        await using (var process = Start())
        {
            id = process.Id;
        }

        Assert.Throws<ArgumentException>(() => System.Diagnostics.Process.GetProcessById(id));
    }

    private static ChildProcess Start()
    {
        Requirement.SkipUnless(File.Exists("/bin/bash"), "there is no bash here");
        return new ChildProcess("/bin/bash", ["-c", Script]);
    }
}
