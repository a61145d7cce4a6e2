using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams;

public sealed class StdioOutcomeTests
{
    // A call is to be on its way by then, however busy the machine is.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1.5);

    [Fact]
    [Trait("row", "U4")]
    public async Task Crash_InTheMiddleOfACall_IsLostAndTheNextCallStartsAnew()
    {
        await using var host = UpstreamHost.Stdio();

        var answer = await host.CallAsync("crash");

        var reason = Assert.IsType<UpstreamAnswer.Lost>(answer).Reason;
        Assert.Contains("code 3", reason, StringComparison.Ordinal);
        Assert.Contains("segmentation fault", reason, StringComparison.Ordinal);
        Assert.Equal("ok", await host.TextAsync("anything"));
        Assert.Equal(["crash {}", "anything {}"], host.Ledger);
    }

    [Fact]
    public async Task Crash_LosesEveryCallInFlight()
    {
        await using var host = UpstreamHost.Stdio();
        var waiting = host.CallAsync("hang");
        await Eventually.TrueAsync(() => host.Ledger.Length == 1, "the call that hangs");

        await host.CallAsync("crash");

        Assert.IsType<UpstreamAnswer.Lost>(await waiting);
    }

    [Fact]
    public async Task Silence_PastTheTimeout_IsLostAndTheUpstreamIsToldToStop()
    {
        await using var host = UpstreamHost.Stdio();

        var answer = await host.CallAsync("hang", timeout: Short);

        Assert.Equal("no answer within 1.5 s", Assert.IsType<UpstreamAnswer.Lost>(answer).Reason);
        await Eventually.TrueAsync(() => host.Log.Any(line => line.StartsWith("cancelled", StringComparison.Ordinal)), "the cancellation");
        Assert.Equal("ok", await host.TextAsync("anything"));
    }

    [Fact]
    public async Task Cancel_BeforeSending_SendsNothing()
    {
        await using var host = UpstreamHost.Stdio();
        await host.ConnectAsync();

        Assert.IsType<UpstreamAnswer.NotSent>(await host.CallAsync("echo", cancel: new CancellationToken(canceled: true)));

        Assert.Equal("ok", await host.TextAsync("anything"));
        Assert.Equal(["anything {}"], host.Ledger);
    }

    /// <summary>SDK defect 1: its client disposes the registration that would tell the upstream.</summary>
    [Fact]
    [Trait("row", "U6")]
    public async Task Cancel_OfACallInFlight_IsRelayedUnderTheCallsOwnId()
    {
        await using var host = UpstreamHost.Stdio();
        using var cancel = new CancellationTokenSource();
        var call = host.CallAsync("hang", cancel: cancel.Token);
        await Eventually.TrueAsync(() => host.Ledger.Length == 1, "the call");

        await cancel.CancelAsync();

        Assert.Equal(new UpstreamAnswer.Lost("cancelled"), await call);
        await Eventually.TrueAsync(() => host.Log.Any(line => line.StartsWith("cancelled", StringComparison.Ordinal)), "the cancellation");
        Assert.Matches("^cancelled \"[0-9a-f]{32}\"$", host.Log.Single(line => line.StartsWith("cancelled", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Cancel_WithAnAnswerOnItsWay_StillTakesTheAnswer()
    {
        await using var host = UpstreamHost.Stdio(new UpstreamLimits { CancelGrace = TimeSpan.FromSeconds(30) });
        using var cancel = new CancellationTokenSource();
        var call = host.CallAsync("slow", """{"ms":700}""", cancel: cancel.Token);
        await Eventually.TrueAsync(() => host.Ledger.Length == 1, "the call");

        await cancel.CancelAsync();

        Assert.IsType<UpstreamAnswer.Result>(await call);
    }

    /// <summary>SDK defect 2: it handles each notification on a task of its own.</summary>
    [Fact]
    [Trait("row", "U10")]
    public async Task Progress_OfManySteps_ComesInOrderAndBeforeTheResult()
    {
        await using var host = UpstreamHost.Stdio();
        for (var round = 0; round < 50; round++)
        {
            var progress = new ProgressLog();

            await host.CallAsync("progress", """{"count":50}""", progress: progress);

            Assert.Equal(
                Enumerable.Range(1, 50).Select(i => $$"""{"progress":{{i}},"total":50.0,"message":"step \ud800"}"""), progress.Reports);
        }
    }

    [Fact]
    public async Task Progress_WhoseReaderFails_DoesNotCostTheAnswer()
    {
        await using var host = UpstreamHost.Stdio();

        Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("progress", """{"count":3}""", progress: new Broken()));
    }

    [Fact]
    public async Task Upstream_ThatReadsNothing_LosesTheCallInWritingAndSendsNoneBehindIt()
    {
        await using var host = UpstreamHost.Stdio();
        var huge = $$"""{"s":"{{new string('y', 4_000_000)}}"}""";
        await host.TextAsync("deaf");

        var first = host.CallAsync("echo", huge, timeout: TimeSpan.FromSeconds(8));
        await Task.Delay(Short);
        var second = host.CallAsync("echo", huge, timeout: Short);

        Assert.IsType<UpstreamAnswer.NotSent>(await second);
        Assert.IsType<UpstreamAnswer.Lost>(await first);
    }

    [Fact]
    public async Task Dispose_WithACallInFlight_LosesItAndLeavesNoProcess()
    {
        var host = UpstreamHost.Stdio();
        var pid = int.Parse(await host.TextAsync("pid"), null);
        var call = host.CallAsync("hang");
        await Eventually.TrueAsync(() => host.Ledger.Length == 2, "the call");

        await host.DisposeAsync();

        Assert.IsType<UpstreamAnswer.Lost>(await call);
        Assert.False(ProcessTable.IsAlive(pid));
    }

    private sealed class Broken : IUpstreamProgress
    {
        public ValueTask ReportAsync(string progressParamsJson) => throw new InvalidOperationException("nobody listens");
    }
}
