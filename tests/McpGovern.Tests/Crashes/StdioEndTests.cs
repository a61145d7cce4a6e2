using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>However a stdio process ends in the middle of a call, it ends, and leaves no child behind.</summary>
public sealed class StdioEndTests
{
    public enum Ending
    {
        EndOfInput,
        Sigterm,
        Sigkill,
    }

    [SkippableTheory]
    [InlineData(Ending.EndOfInput, 0)]
    [InlineData(Ending.Sigterm, 0)]
    [InlineData(Ending.Sigkill, 137)]
    public async Task Stdio_WithACallInFlight_EndsAndLeavesNoChild(Ending ending, int exitCode)
    {
        // Far longer than anything here waits: whoever waits for the call does not end. After SIGKILL nobody is left to end the child:
        // it sees its stdin end, and may finish what it has begun.
        await using var world = await CrashWorld.CreateAsync("sqlite", ending == Ending.Sigkill ? TimeSpan.FromSeconds(3) : TimeSpan.FromMinutes(10));
        await using var agent = AgentClient.Launch(world.Settings, hold: "50s");
        Assert.True(await agent.ConnectAsync());
        var parked = new TaskCompletionSource<string>();
        var asking = agent.SubmitAsync("pay-1", callId => parked.TrySetResult(callId));
        var callId = await parked.Task.WaitAsync(Eventually.Limit);
        await GovernProcess.RunToEndAsync("approve", world.Settings, [callId]);
        await Eventually.TrueAsync(() => world.ReadLedger().Count == 1, () => $"it was not run: {agent.Process.Errors}");
        Assert.NotEmpty(ProcessesNaming(world.Ledger));

        agent.ExpectEnd();
        var end = ending switch
        {
            Ending.EndOfInput => await agent.Process.EndAsync(),
            Ending.Sigterm => await agent.Process.StopAsync(),
            _ => await KillAsync(agent),
        };

        Assert.True(end.ExitCode == exitCode, end.ToString());
        await Eventually.TrueAsync(
            () => ProcessesNaming(world.Ledger).Length == 0, () => $"left behind: {string.Join(", ", ProcessesNaming(world.Ledger))}", TimeSpan.FromSeconds(10));
        if (ending != Ending.Sigkill)
        {
            // With its last breath it says what it knows: that it was sent, and nothing more.
            Assert.Equal(["outcome_unknown"], (await world.AllCallsAsync()).Select(Oracle.StatusOf));
        }

        await asking;
    }

    private static async Task<Finished> KillAsync(AgentClient agent)
    {
        await agent.KillAsync();
        return await agent.Process.WaitForExitAsync();
    }

    // The upstream's command line names this test's own ledger.
    private static string[] ProcessesNaming(string ledger) => [.. Directory.EnumerateDirectories("/proc")
        .Where(folder => int.TryParse(Path.GetFileName(folder), out _))
        .Select(CommandLine)
        .Where(line => line.Contains(ledger, StringComparison.Ordinal))];

    private static string CommandLine(string processFolder)
    {
        try
        {
            return $"{Path.GetFileName(processFolder)} {File.ReadAllText(Path.Combine(processFolder, "cmdline")).Replace('\0', ' ')}";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
