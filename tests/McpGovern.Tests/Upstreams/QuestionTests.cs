using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams;

/// <summary>What an upstream says and asks beside its answers, and whose it is.</summary>
public sealed class QuestionTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Question_OverStdioWithOneCallUnderWay_IsItsCallers()
    {
        await using var host = UpstreamHost.Stdio();
        var caller = new TestCaller { Answer = """{"action":"accept","x":1.50}""" };

        var answer = await CallAsync(host, "elicit", caller);

        Assert.Contains("""\"result\":{\"action\":\"accept\",\"x\":1.50}""", UpstreamHost.Text(answer), StringComparison.Ordinal);
        Assert.Equal([$"elicitation/create {FakeQuestions.Question}"], caller.Heard);
    }

    [Theory]
    [InlineData("two calls")]
    [InlineData("a gated call")]
    [InlineData("nobody waits")]
    public async Task Question_ThatIsNotCertainlyACallers_IsCancelled(string when)
    {
        await using var host = UpstreamHost.Stdio();
        var caller = new TestCaller { Answer = """{"action":"accept"}""" };
        var (goOn, until) = host.Until();
        var other = when == "two calls" ? CallAsync(host, "until", caller, until) : null;
        if (other is not null)
            await Eventually.TrueAsync(() => host.Ledger.Length == 1, "the first call");

        var answer = await CallAsync(host, "elicit", when switch { "a gated call" => new HeldCaller(caller), "nobody waits" => null, _ => caller });

        Assert.Contains("\\\"action\\\":\\\"cancel", UpstreamHost.Text(answer), StringComparison.Ordinal);
        Assert.Empty(caller.Heard);
        await File.WriteAllTextAsync(goOn, "");
        await (other ?? Task.CompletedTask);
    }

    [Fact]
    public async Task Question_AfterACallWasGivenUp_IsNobodysUntilItsAnswerCame()
    {
        await using var host = UpstreamHost.Stdio(new UpstreamLimits { CancelGrace = TimeSpan.FromMilliseconds(50) });
        var caller = new TestCaller();
        var (goOn, until) = host.Until();
        var lost = Assert.IsType<UpstreamAnswer.Lost>(await CallAsync(host, "until", caller, until, TimeSpan.FromSeconds(2)));

        await CallAsync(host, "elicit", caller);
        Assert.Empty(caller.Heard);
        await File.WriteAllTextAsync(goOn, "");
        await lost.Late!.WaitAsync(Eventually.Limit);
        await CallAsync(host, "elicit", caller);

        Assert.Single(caller.Heard);
    }

    [Fact]
    public async Task Question_WhoseCallHasEnded_IsWithdrawn()
    {
        await using var host = UpstreamHost.Stdio();
        var caller = new TestCaller { Ready = new TaskCompletionSource().Task };

        var (goOn, until) = host.Until();
        var call = CallAsync(host, "ask_and_go", caller, until);
        await Eventually.TrueAsync(() => !caller.Heard.IsEmpty, "the question");
        await File.WriteAllTextAsync(goOn, "");
        await call;

        await Eventually.TrueAsync(() => caller.Heard.Contains("withdrawn"), "the question's end");
        await Eventually.TrueAsync(() => host.Log.Any(line => line.Contains("\"action\":\"cancel\"", StringComparison.Ordinal)), "the upstream's answer");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Question_OverHttp_IsTheCallersOnWhoseResponseItCame(bool atOnce)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream: true, extra: ["elicit"]);
        await using var host = new UpstreamHost(fake.Config());
        var (one, two) = (new TestCaller { Answer = """{"action":"accept","n":1}""" }, new TestCaller { Answer = """{"action":"accept","n":2}""" });

        var slow = atOnce ? CallAsync(host, "slow", one) : Task.CompletedTask;
        await Eventually.TrueAsync(() => !atOnce || fake.Ledger.Count == 1, "the first call");
        var answer = await CallAsync(host, "elicit", two);
        fake.Released.SetResult();
        await slow;

        Assert.Contains("n\\u0022:2", UpstreamHost.Text(answer), StringComparison.Ordinal);
        Assert.Empty(one.Heard);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Logs_WithProgress_KeepTheirOrderAndComeBeforeTheAnswer(bool stdio)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream: true, extra: ["logs"]);
        // Where this process stalls after the answer, what came before it is not to be given up.
        var limits = new UpstreamLimits { CancelGrace = Minute };
        await using var host = stdio ? UpstreamHost.Stdio(limits) : new UpstreamHost(fake.Config(), limits);
        for (var run = 0; run < 50; run++)
        {
            var caller = new TestCaller();
            await CallAsync(host, "logs", caller, """{"count":6}""");

            Assert.Equal(Enumerable.Range(1, 6).SelectMany(n => new[]
            {
                $$"""{"level":"{{(n % 2 == 0 ? "warning" : "debug")}}","data":{{n}},"x":1.0}""", $$"""{"progress":{{n}}}""",
            }), caller.Heard);
        }
    }

    [Fact]
    public async Task Logs_WithTwoCallsUnderWay_AreNobodys()
    {
        await using var host = UpstreamHost.Stdio();
        var (one, two) = (new TestCaller(), new TestCaller());
        var (goOn, until) = host.Until();
        var slow = CallAsync(host, "until", one, until);
        await Eventually.TrueAsync(() => host.Ledger.Length == 1, "the first call");

        await CallAsync(host, "logs", two, """{"count":4}""");
        await File.WriteAllTextAsync(goOn, "");
        await slow;

        Assert.All(one.Heard.Concat(two.Heard), heard => Assert.Contains("progress", heard, StringComparison.Ordinal));
    }

    [Fact]
    public async Task LogLevel_OfALegacyUpstream_IsTheLowestThatACallerWants()
    {
        await using var host = UpstreamHost.Stdio("--logs");
        foreach (var level in (string?[])[null, "error", "info", "warning", null, "debug", "debug"])
            await CallAsync(host, "anything", new TestCaller { LogLevel = level });

        Assert.Equal(["level error", "level info", "level debug"], host.Log.Where(line => line.StartsWith("level ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task LogLevel_ThatACallerWentAwayFrom_IsSaidForTheNext()
    {
        await using var host = UpstreamHost.Stdio("--logs");
        var (connection, caller) = (await host.ConnectAsync(), new TestCaller { LogLevel = "debug" });

        Assert.IsType<UpstreamAnswer.NotSent>(await connection.CallToolAsync("anything", "{}", null, null, Minute, new CancellationToken(canceled: true), caller));
        await CallAsync(host, "anything", caller);

        Assert.Equal(["level debug"], host.Log.Where(line => line.StartsWith("level ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Request_ToAModernUpstream_CarriesWhatItsCallerDeclaredAndNothingWithoutOne()
    {
        await using var host = UpstreamHost.Stdio("--modern");

        var asked = UpstreamHost.Text(await CallAsync(host, "echo", new TestCaller { LogLevel = "notice" }));
        var alone = UpstreamHost.Text(await CallAsync(host, "echo", null));

        Assert.Contains("""clientCapabilities\":{\"elicitation\":{\"form\":{}}}""", asked, StringComparison.Ordinal);
        Assert.Contains("logLevel\\\":\\\"notice", asked, StringComparison.Ordinal);
        Assert.Contains("""clientCapabilities\":{}""", alone, StringComparison.Ordinal);
        Assert.DoesNotContain("logLevel", alone, StringComparison.Ordinal);
    }

    private static async Task<UpstreamAnswer> CallAsync(UpstreamHost host, string tool, ICallerSide? caller, string arguments = "{}", TimeSpan? timeout = null) =>
        await (await host.ConnectAsync()).CallToolAsync(tool, arguments, null, caller as IUpstreamProgress, timeout ?? Minute, default, caller);
}
