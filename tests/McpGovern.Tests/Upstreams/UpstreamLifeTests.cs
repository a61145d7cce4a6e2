using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Upstreams;

public sealed class UpstreamLifeTests
{
    [Fact]
    public async Task Start_IsLazyAndShared()
    {
        await using var host = UpstreamHost.Stdio();
        Assert.Empty(host.Log);
        Assert.Null(host.Upstream.KnownTools);

        var connections = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => host.ConnectAsync()));

        Assert.Single(connections.Distinct());
        Assert.Single(host.Log, line => line.StartsWith("start ", StringComparison.Ordinal));
        Assert.True(host.Upstream.IsConnected);
    }

    [Fact]
    public async Task Tools_OfManyPages_AreAllThereAsWritten()
    {
        await using var paged = UpstreamHost.Stdio("--pages", "4");
        await using var whole = UpstreamHost.Stdio();

        var tools = (await paged.ConnectAsync()).Tools;

        Assert.Equal((await whole.ConnectAsync()).Tools, tools);
        Assert.All(tools, tool => Assert.Equal(FakeTools.Definition(tool.Name), tool.Json));
        Assert.Equal(tools.Count, tools.Select(tool => tool.Hash).Distinct().Count());
        Assert.Same(tools, paged.Upstream.KnownTools);
    }

    /// <summary>SDK defect 8: servers announce changes in bursts.</summary>
    [Fact]
    [Trait("row", "U7")]
    public async Task Tools_ThatChangeInABurst_AreReadOnceAndReplaced()
    {
        await using var host = UpstreamHost.Stdio();
        var connection = await host.ConnectAsync();
        var changes = 0;
        host.Upstream.ToolsChanged += () => Interlocked.Increment(ref changes);

        await host.TextAsync("change_tools");
        await Eventually.TrueAsync(() => connection.Tools.Any(tool => tool.Name == "extra_1"), "the new tool");
        await Eventually.TrueAsync(() => Volatile.Read(ref changes) > 0, "the event");

        Assert.Equal(1, Volatile.Read(ref changes));
        Assert.Equal(2, host.Log.Count(line => line == "tools/list"));
        Assert.Contains(host.Upstream.KnownTools!, tool => tool.Name == "extra_1");
    }

    [Fact]
    public async Task Probe_OfASilentUpstream_IsPaidOnce()
    {
        await using var host = UpstreamHost.Stdio(new UpstreamLimits { ProbeTimeout = TimeSpan.FromMilliseconds(300) }, "--silent-probe");

        await host.CallAsync("crash");
        Assert.Equal("ok", await host.TextAsync("anything"));

        Assert.Equal(1, host.Log.Count(line => line == "server/discover"));
        Assert.Equal(2, host.Log.Count(line => line == "initialize"));
    }

    /// <summary>A first <c>npx</c> downloads; what was asked meanwhile is read when that is done.</summary>
    [Fact]
    public async Task Probe_OfAModernUpstreamThatStartsSlowly_GetsTheTime()
    {
        var limits = new UpstreamLimits { ProbeTimeout = TimeSpan.FromMilliseconds(300) };
        await using var host = UpstreamHost.Stdio(limits, "--modern", "--start-delay", "1500");

        Assert.Contains("2026-07-28", await host.TextAsync("echo"), StringComparison.Ordinal);
        await host.CallAsync("crash");
        Assert.Contains("2026-07-28", await host.TextAsync("echo"), StringComparison.Ordinal);

        // Only the first start was not waited for.
        Assert.Equal(["server/discover", "initialize", "server/discover", "server/discover"], host.Log.Where(line => line is "server/discover" or "initialize"));
    }

    [Fact]
    public async Task Probe_ThatKillsAnUpstream_IsLeftOut()
    {
        await using var host = UpstreamHost.Stdio("--die-at-probe");

        Assert.Equal("ok", await host.TextAsync("anything"));
    }

    [Fact]
    public async Task ModernUpstream_IsSpokenToInItsEra()
    {
        await using var host = UpstreamHost.Stdio("--modern");

        var received = await host.TextAsync("echo", """{"n":1e2}""", """{"vendor/x":1}""");

        Assert.DoesNotContain("initialize", host.Log);
        Assert.Contains("\"arguments\":{\"n\":1e2}", received, StringComparison.Ordinal);
        Assert.Contains("\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"", received, StringComparison.Ordinal);
        Assert.Contains("\"io.modelcontextprotocol/clientCapabilities\":{}", received, StringComparison.Ordinal);
        Assert.Contains("\"vendor/x\":1", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ThatFails_TellsWhyAndIsNotTriedAgainAtOnce()
    {
        await using var host = UpstreamHost.Stdio("--exit", "4");

        var first = await Assert.ThrowsAnyAsync<UpstreamUnavailableException>(host.ConnectAsync);
        var starts = host.Log.Length;
        var second = await Assert.ThrowsAnyAsync<UpstreamUnavailableException>(host.ConnectAsync);

        Assert.Contains("code 4", first.Message, StringComparison.Ordinal);
        Assert.Contains("a setting is missing", first.Message, StringComparison.Ordinal);
        Assert.Equal(first.Message, second.Message);
        Assert.Equal(first.Message, host.Upstream.LastFailure);
        Assert.Equal(starts, host.Log.Length);
        Assert.False(host.Upstream.IsConnected);
    }

    [Fact]
    public async Task Start_OfAProgramThatEndsAtOnce_FailsWithoutWaitingForTheProbe()
    {
        var limits = new UpstreamLimits { ProbeTimeout = TimeSpan.FromMinutes(10), ConnectTimeout = TimeSpan.FromMinutes(10) };
        for (var round = 0; round < 20; round++)
        {
            await using var host = new UpstreamHost(FakeUpstreamOptions.Config("fake") with { Command = "false", Args = [] }, limits);

            var e = await Assert.ThrowsAnyAsync<UpstreamUnavailableException>(host.ConnectAsync).WaitAsync(TimeSpan.FromMinutes(1));

            Assert.Contains("code 1", e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("no-such-program-anywhere", "/", "was not found")]
    [InlineData("./McpGovern.Tests.deps.json", null, "was not found")]
    [InlineData("sh", "/no/such/folder", "does not exist")]
    public async Task Start_OfNothing_IsUnavailable(string command, string? folder, string expected)
    {
        folder ??= AppContext.BaseDirectory;
        await using var host = new UpstreamHost(FakeUpstreamOptions.Config("fake") with { Command = command, Cwd = folder });

        var e = await Assert.ThrowsAnyAsync<UpstreamUnavailableException>(host.ConnectAsync);

        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("attack", "S30")]
    public async Task Start_WithMetacharacters_RunsNoShell()
    {
        var file = Path.Combine(Path.GetTempPath(), $"mcpgovern-{Guid.NewGuid():N}");
        var config = FakeUpstreamOptions.Config("fake");
        await using var host = new UpstreamHost(config with { Args = [.. config.Args, "--log", $"{file};touch $(echo {file}.x)&&`id`|\"'\n"] });

        await Assert.ThrowsAnyAsync<Exception>(async () => Assert.Equal("ok", await host.TextAsync("anything")));

        Assert.False(File.Exists(file + ".x"));
    }

    [Fact]
    public async Task CallerThatGivesUp_DoesNotStopTheStart()
    {
        await using var host = UpstreamHost.Stdio("--start-delay", "500");
        using var impatient = new CancellationTokenSource();
        var connecting = host.Upstream.ConnectAsync(impatient.Token).AsTask();
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        await host.ConnectAsync();

        Assert.Single(host.Log, line => line.StartsWith("start ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task OneThatCrashes_ChangesNothingForTheOthers()
    {
        await using var set = new UpstreamSet(
            [FakeUpstreamOptions.Config("good"), FakeUpstreamOptions.Config("bad", "--exit", "1"), FakeUpstreamOptions.Config("shaky")],
            new UpstreamLimits(), TimeProvider.System, NullLoggerFactory.Instance);
        var good = await set.Find("good")!.ConnectAsync(default);
        var waiting = good.CallToolAsync("slow", """{"ms":1000}""", null, null, TimeSpan.FromSeconds(60), default);

        await Assert.ThrowsAnyAsync<UpstreamUnavailableException>(async () => await set.Find("bad")!.ConnectAsync(default));
        var shaky = await set.Find("shaky")!.ConnectAsync(default);
        await shaky.CallToolAsync("crash", "{}", null, null, TimeSpan.FromSeconds(60), default);

        Assert.IsType<UpstreamAnswer.Result>(await waiting);
        Assert.Equal(good.Tools, set.Find("good")!.KnownTools);
        Assert.Same(good, await set.Find("good")!.ConnectAsync(default));
        Assert.Null(set.Find("missing"));
    }

    [Fact]
    public async Task ConnectionThatEnds_IsSeenWithoutACall()
    {
        await using var host = UpstreamHost.Stdio();
        var connection = await host.ConnectAsync();
        var pid = int.Parse(await host.TextAsync("pid"), null);

        System.Diagnostics.Process.GetProcessById(pid).Kill();

        await Eventually.TrueAsync(() => connection.Closed.IsCancellationRequested, "the end of the connection");
        Assert.False(host.Upstream.IsConnected);
        var late = await connection.CallToolAsync("echo", "{}", null, null, TimeSpan.FromSeconds(60), default);
        Assert.IsType<UpstreamAnswer.NotSent>(late);
        Assert.NotEqual(pid.ToString(System.Globalization.CultureInfo.InvariantCulture), await host.TextAsync("pid"));
    }

    /// <summary>It is there, and nobody has heard of it yet.</summary>
    [SkippableFact]
    public async Task Start_ThatIsCutOffWhileItIsRemembered_LeavesNoChild()
    {
        Requirement.SkipUnless(OperatingSystem.IsLinux(), "processes are looked at on Linux");
        using var folder = new TempFolder();
        var memory = new StuckMemory();
        var set = new UpstreamSet(
            [FakeUpstreamOptions.Config("fake", "--log", folder.File("log"))], new UpstreamLimits(), TimeProvider.System, NullLoggerFactory.Instance)
        { Memory = memory };
        var connecting = set.All[0].ConnectAsync(default).AsTask();
        await memory.Asked.Task;

        await set.DisposeAsync();

        await Assert.ThrowsAsync<UpstreamUnavailableException>(() => connecting);
        var start = Assert.Single(File.ReadLines(folder.File("log")), line => line.StartsWith("start ", StringComparison.Ordinal));
        await ProcessTable.GoneAsync(int.Parse(start.Split(' ')[1], null));
    }

    /// <summary>As a store that hangs.</summary>
    private sealed class StuckMemory : IEraMemory
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> IsLegacyAsync(string fingerprint, CancellationToken ct) => Task.FromResult(false);

        public Task RememberAsync(string fingerprint, bool legacy, CancellationToken ct)
        {
            Asked.SetResult();
            return Task.Delay(Timeout.Infinite, ct);
        }
    }
}
