using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>However a stdio process ends, idle or in the middle of a call, it is gone at once, and its children with it.</summary>
public sealed class StdioEndTests
{
    public enum Ending
    {
        EndOfInput,
        Sigterm,
        Sigkill,
    }

    // Clients send SIGTERM two seconds after they closed stdin.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    [SkippableTheory]
    [InlineData(Ending.EndOfInput, false, 0), Trait("row", "S1")]
    [InlineData(Ending.EndOfInput, true, 0), Trait("row", "S2")]
    [InlineData(Ending.Sigterm, false, 0), Trait("row", "S3")]
    [InlineData(Ending.Sigterm, true, 0), Trait("row", "S4")]
    [InlineData(Ending.Sigkill, false, 137), Trait("row", "S5")]
    [InlineData(Ending.Sigkill, true, 137), Trait("row", "S6")]
    public async Task Stdio_HoweverItEnds_IsGoneInTwoSecondsAndItsChildrenToo(Ending ending, bool inFlight, int exitCode)
    {
        // A machine that is busy with something else may cost one try its time, and not several.
        var taken = Patience + Patience;
        for (var attempt = 0; attempt < 4 && taken > Patience; attempt++)
        {
            taken = await EndOnceAsync(ending, inFlight, exitCode);
        }

        Assert.True(taken <= Patience, $"it took {taken}");
    }

    private static async Task<TimeSpan> EndOnceAsync(Ending ending, bool inFlight, int exitCode)
    {
        // Far longer than anything here waits: whoever waits for the call does not end.
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.FromMinutes(10));
        await using var agent = AgentClient.Launch(world.Settings, hold: "50s");
        Assert.True(await agent.ConnectAsync());
        await agent.ListAsync();
        var asking = inFlight ? await CallAsync(world, agent) : Task.CompletedTask;
        Assert.NotEmpty(ProcessesNaming(world.Ledger));

        agent.ExpectEnd();
        var started = TimeProvider.System.GetTimestamp();
        var end = ending switch
        {
            Ending.EndOfInput => await agent.Process.EndAsync(),
            Ending.Sigterm => await agent.Process.StopAsync(),
            _ => await KillAsync(agent),
        };
        Assert.True(end.ExitCode == exitCode, end.ToString());
        await Eventually.TrueAsync(
            () => ProcessesNaming(world.Ledger).Length == 0, () => $"left behind: {string.Join(", ", ProcessesNaming(world.Ledger))}");
        var taken = TimeProvider.System.GetElapsedTime(started);
        if (inFlight && ending != Ending.Sigkill && taken <= Patience)
        {
            // With its last breath it says what it knows: that it was sent, and nothing more.
            Assert.Equal(["outcome_unknown"], (await world.AllCallsAsync()).Select(Oracle.StatusOf));
        }

        await asking;
        return taken;
    }

    /// <summary>Parks a payment, approves it, and returns when the upstream is in the middle of it.</summary>
    private static async Task<Task> CallAsync(CrashWorld world, AgentClient agent)
    {
        var parked = new TaskCompletionSource<string>();
        var asking = agent.SubmitAsync("pay-1", callId => parked.TrySetResult(callId));
        var callId = await parked.Task.WaitAsync(Eventually.Limit);
        await GovernProcess.RunToEndAsync("approve", world.Settings, [callId]);
        await Eventually.TrueAsync(() => world.ReadLedger().Count == 1, () => $"it was not run: {agent.Process.Errors}");
        return asking;
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
