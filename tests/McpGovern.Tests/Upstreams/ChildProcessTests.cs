using System.Diagnostics;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams;

public sealed class ChildProcessTests
{
    [Fact]
    public async Task Environment_OfAChild_IsTheAllowedNamesAndItsBlock()
    {
        // Names that mean nothing to the other tests' processes, which have them too.
        Environment.SetEnvironmentVariable("MCPGOVERN_TEST_SECRET", "x");
        Environment.SetEnvironmentVariable("SOME_OTHER_SECRET", "x");
        var block = new Dictionary<string, string> { ["TOKEN"] = "t=1 2", ["MCPGOVERN_KEY"] = "k", ["HOME"] = "/elsewhere" };
        await using var host = new UpstreamHost(FakeUpstreamOptions.Config("fake") with { Env = block });

        var variables = (await host.TextAsync("env")).Split('\n');

        var names = variables.Select(variable => variable.Split('=')[0]).ToArray();
        Assert.Empty(names.Except(["HOME", "PATH", "USER", "SHELL", "TERM", "LANG", "TMPDIR", "TOKEN"]));
        Assert.Contains("TOKEN=t=1 2", variables);
        Assert.Contains("HOME=/elsewhere", variables);
        Assert.Contains("PATH", names);
    }

    [SkippableFact]
    public async Task Dispose_EndsGrandchildrenToo()
    {
        NeedsLinux();
        var host = UpstreamHost.Stdio();
        var grandchild = int.Parse(await host.TextAsync("grandchild"), null);
        Assert.True(ProcessTable.IsAlive(grandchild));

        await host.DisposeAsync();

        await ProcessTable.GoneAsync(grandchild);
    }

    [SkippableFact]
    public async Task Crash_EndsGrandchildrenToo()
    {
        NeedsLinux();
        await using var host = UpstreamHost.Stdio();
        var grandchild = int.Parse(await host.TextAsync("grandchild"), null);

        await host.CallAsync("crash");

        await ProcessTable.GoneAsync(grandchild);
    }

    /// <summary>SDK defect 5: it waits five seconds for a child.</summary>
    [SkippableFact]
    public async Task Dispose_OfAChildThatIgnoresEverything_KillsIt()
    {
        NeedsLinux();
        var host = UpstreamHost.Stdio("--ignore-end");
        var pid = int.Parse(await host.TextAsync("pid"), null);
        var grandchild = int.Parse(await host.TextAsync("grandchild"), null);

        await host.DisposeAsync();

        await ProcessTable.GoneAsync(pid);
        await ProcessTable.GoneAsync(grandchild);
    }

    [SkippableFact]
    public async Task Dispose_WhileStarting_LeavesNoProcess()
    {
        NeedsLinux();
        var log = Path.GetTempFileName();
        var host = new UpstreamHost(FakeUpstreamOptions.Config("fake", "--log", log, "--start-delay", "60000"));
        var connecting = host.ConnectAsync();
        await Eventually.TrueAsync(() => File.ReadAllText(log).Contains("start", StringComparison.Ordinal), "the start");

        await host.DisposeAsync();

        await Assert.ThrowsAnyAsync<UpstreamUnavailableException>(() => connecting);
        await ProcessTable.GoneAsync(int.Parse(File.ReadAllText(log).Trim()["start ".Length..], null));
        File.Delete(log);
        File.Delete(log + ".lock");
    }

    /// <summary>SDK defect 6: a child that is busy does not look at its stdin, and one that ignores SIGTERM would stay for ever.</summary>
    [SkippableTheory, InlineData("lasting"), InlineData("grandchild", "--ignore-end")]
    public async Task KillOfTheGateway_EndsTheChildAndWhatItStarted(string tool, params string[] options)
    {
        NeedsLinux();
        var folder = Directory.CreateTempSubdirectory("mcpgovern-kill-").FullName;
        var (ledger, log) = (Path.Combine(folder, "ledger"), Path.Combine(folder, "log"));
        var (command, args) = FakeUpstreamOptions.CommandLine([.. options, "--ledger", ledger, "--log", log]);
        using var gateway = Process.Start(
            new ProcessStartInfo(command, [args[0], "hold-upstream", tool, .. args[2..]]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var said = tool == "grandchild" ? await gateway.StandardOutput.ReadLineAsync() : null;
        await Eventually.TrueAsync(() => File.Exists(ledger), "the call");
        var child = int.Parse(File.ReadLines(log).First()["start ".Length..], null);

        gateway.Kill();
        await gateway.WaitForExitAsync();

        await ProcessTable.GoneAsync(child);
        if (said is not null)
        {
            await ProcessTable.GoneAsync(int.Parse(said, null));
        }

        Assert.Equal([$"{tool} {{}}"], File.ReadAllLines(ledger));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The list of the watchdog holds nobody who has ended: the number of a group may become another's.</summary>
    [SkippableFact]
    public async Task KillOfTheGateway_LeavesAGroupThatWasReleasedAlone()
    {
        NeedsLinux();
        using var stranger = Process.Start(new ProcessStartInfo("setsid", ["sleep", "600"]) { UseShellExecute = false })!;
        using var gateway = Process.Start(
            new ProcessStartInfo("dotnet", [typeof(ChildProcessTests).Assembly.Location, "guard-group", $"{stranger.Id}"])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
            })!;
        var watched = int.Parse((await gateway.StandardOutput.ReadLineAsync())!, null);

        gateway.Kill();
        await gateway.WaitForExitAsync();

        await ProcessTable.GoneAsync(watched);
        Assert.True(ProcessTable.IsAlive(stranger.Id));
        stranger.Kill();
    }

    [Fact]
    public void Find_LooksOnlyWhereAProgramMayBe()
    {
        Assert.Null(ChildCommand.Find("sh", "relative:.", "/bin"));
        Assert.Equal(OperatingSystem.IsWindows() ? null : "/bin/sh", ChildCommand.Find("sh", "/nowhere:/bin", "/"));
        Assert.Equal(OperatingSystem.IsWindows() ? null : "/bin/sh", ChildCommand.Find("./sh", null, "/bin"));
    }

    private static void NeedsLinux()
    {
        var reason = OperatingSystem.IsLinux() ? null : "process groups are tested on Linux";
        Assert.False(reason is not null && Environment.GetEnvironmentVariable("CI") == "true", reason);
        Skip.If(reason is not null, reason);
    }
}
