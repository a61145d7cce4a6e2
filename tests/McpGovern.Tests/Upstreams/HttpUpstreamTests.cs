using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Upstreams;

public sealed class HttpUpstreamTests
{
    // A call is to be on its way by then, however busy the machine is.
    private static readonly TimeSpan Sent = TimeSpan.FromSeconds(1.5);

    private const string Awkward = """{"n":1e2,"big":9007199254740993,"lone":"\ud800","nul":"\u0000","é":"\u00e9"}""";

    public static TheoryData<string, string, bool> Ways => new()
    {
        { "/mcp", "http", false },
        { "/mcp", "http", true },
        { "/sse", "http", false },
        { "/sse", "sse", false },
    };

    [Theory, MemberData(nameof(Ways))]
    public async Task Call_PassesBothWaysAsWritten(string path, string transport, bool stream)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream);
        await using var host = new UpstreamHost(fake.Config(path, transport));

        var echoed = UpstreamHost.Text(await host.CallAsync("echo", Awkward, """{"vendor/x":1.0}"""));
        var odd = UpstreamHost.Text(await host.CallAsync("odd"));

        Assert.Equal("""{"content":[],"params":{"name":"echo","arguments":""" + Awkward + ",\"_meta\":{\"vendor/x\":1.0}}}", echoed);
        Assert.Equal(FakeTools.OddResult, odd);
        Assert.Equal([$"echo {Awkward}", "odd {}"], fake.Ledger);
        Assert.Equal("2025-06-18", (await host.ConnectAsync()).ProtocolVersion);
    }

    /// <summary>SDK defect 2, over HTTP.</summary>
    [Theory, InlineData("/mcp", true), InlineData("/sse", false)]
    [Trait("row", "U10")]
    public async Task Progress_OfManySteps_ComesInOrderAndBeforeTheResult(string path, bool stream)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream);
        await using var host = new UpstreamHost(fake.Config(path));
        for (var round = 0; round < 50; round++)
        {
            var progress = new ProgressLog();

            Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("progress", progress: progress));

            Assert.Equal(Enumerable.Range(1, 50).Select(i => $$"""{"progress":{{i}}}"""), progress.Reports);
        }
    }

    [Fact]
    public async Task ModernUpstream_IsSpokenToInItsEra()
    {
        await using var fake = await FakeHttpUpstream.StartAsync(
            modern: true, echoSchema: """{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}""");
        await using var host = new UpstreamHost(fake.Config());

        var echoed = UpstreamHost.Text(await host.CallAsync("echo", """{"region":"eu"}"""));

        Assert.DoesNotContain("initialize", fake.Seen);
        Assert.Contains("\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"", echoed, StringComparison.Ordinal);
        Assert.Equal("2026-07-28", fake.LastHeaders["MCP-Protocol-Version"]);
        Assert.Equal("tools/call", fake.LastHeaders["Mcp-Method"]);
        Assert.Equal("echo", fake.LastHeaders["Mcp-Name"]);
        Assert.Equal("eu", fake.LastHeaders["Mcp-Param-Region"]);
    }

    [Fact]
    [Trait("attack", "S11")]
    public async Task Headers_OfTheSettingsAreSentAndCookiesAreNot()
    {
        await using var fake = await FakeHttpUpstream.StartAsync();
        await using var host = new UpstreamHost(fake.Config(headers: [("Authorization", "Bearer t"), ("X-Team", "a")]));

        await host.CallAsync("cookie");
        await host.CallAsync("echo");

        Assert.Equal("Bearer t", fake.LastHeaders["Authorization"]);
        Assert.Equal("a", fake.LastHeaders["X-Team"]);
        Assert.False(fake.LastHeaders.ContainsKey("Cookie"));
    }

    [Fact]
    [Trait("row", "U7")]
    public async Task Tools_ThatChange_AreReadAgain()
    {
        await using var fake = await FakeHttpUpstream.StartAsync();
        await using var host = new UpstreamHost(fake.Config());
        await host.ConnectAsync();

        await fake.PushAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");

        await Eventually.TrueAsync(() => fake.Seen.Count(method => method == "tools/list") == 2, "the second read");
    }

    [Fact]
    [Trait("row", "U9")]
    public async Task Session_ThatExpired_SendsNothingAndIsReplaced()
    {
        await using var fake = await FakeHttpUpstream.StartAsync();
        await using var host = new UpstreamHost(fake.Config());
        var connection = await host.ConnectAsync();
        fake.ExpireSessions();

        var answer = await host.CallAsync("echo");

        Assert.IsType<UpstreamAnswer.NotSent>(answer);
        Assert.Empty(fake.Ledger);
        await Eventually.TrueAsync(() => connection.Closed.IsCancellationRequested, "the end of the connection");
        Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("echo"));
        Assert.Single(fake.Ledger);
    }

    [Fact]
    public async Task Session_ThatExpired_LeavesCallsInFlightTheirAnswers()
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream: true);
        await using var host = new UpstreamHost(fake.Config());
        var slow = host.CallAsync("slow", """{"ms":1500}""");
        await Eventually.TrueAsync(() => fake.Ledger.Count == 1, "the slow call");
        fake.ExpireSessions();

        Assert.IsType<UpstreamAnswer.NotSent>(await host.CallAsync("echo"));

        Assert.IsType<UpstreamAnswer.Result>(await slow);
    }

    [Fact]
    public async Task Server_ThatIsGone_GetsNothing()
    {
        await using var fake = await FakeHttpUpstream.StartAsync();
        await using var host = new UpstreamHost(fake.Config());
        var connection = await host.ConnectAsync();
        await fake.StopAsync();

        var answer = await connection.CallToolAsync("echo", "{}", null, null, TimeSpan.FromSeconds(60), default);

        Assert.IsType<UpstreamAnswer.NotSent>(answer);
        await Eventually.TrueAsync(() => connection.Closed.IsCancellationRequested, "the end of the connection");
        await Assert.ThrowsAnyAsync<UpstreamUnavailableException>(host.ConnectAsync);
    }

    [Theory]
    [InlineData("cut", false)]
    [InlineData("cut", true)]
    [InlineData("reset", false)]
    public async Task Connection_ThatBreaksAfterTheCallWasRead_IsLostAndNotSentAgain(string tool, bool stream)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream);
        await using var host = new UpstreamHost(fake.Config());
        await host.CallAsync("echo");

        Assert.IsType<UpstreamAnswer.Lost>(await host.CallAsync(tool));

        Assert.Equal(["echo {}", $"{tool} {{}}"], fake.Ledger);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Result_AboveTheCap_IsLost(bool stream)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream);
        await using var host = new UpstreamHost(fake.Config(), new UpstreamLimits { MaxMessageBytes = 100_000 });

        Assert.IsType<UpstreamAnswer.Lost>(await host.CallAsync("big", """{"bytes":200000}"""));
        Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("big", """{"bytes":50000}"""));
    }

    /// <summary>SDK defect 1, over HTTP: an initialized session is told, a modern one has its request dropped.</summary>
    [Theory, InlineData("/mcp", false), InlineData("/sse", false), InlineData("/mcp", true)]
    [Trait("row", "U6")]
    public async Task Cancel_IsRelayedAsTheEraWantsIt(string path, bool modern)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(modern: modern);
        await using var host = new UpstreamHost(fake.Config(path));
        using var cancel = new CancellationTokenSource();
        var call = host.CallAsync("hang", cancel: cancel.Token);
        await Eventually.TrueAsync(() => fake.Ledger.Count == 1, "the call");

        await cancel.CancelAsync();

        Assert.Equal(new UpstreamAnswer.Lost("cancelled"), await call);
        await Eventually.TrueAsync(() => fake.Seen.Contains(modern ? "dropped" : "notifications/cancelled"), "the cancellation");
        Assert.Equal(!modern, fake.Seen.Contains("notifications/cancelled"));
    }

    [Theory, InlineData("/mcp", true), InlineData("/sse", false)]
    [Trait("attack", "S40")]
    public async Task Answer_GivenTwiceOrUnderAnotherId_CountsOnceAndForItsOwnCall(string path, bool stream)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream);
        await using var host = new UpstreamHost(fake.Config(path));

        Assert.Equal("""{"content":["first"]}""", UpstreamHost.Text(await host.CallAsync("twice")));
        Assert.Equal("""{"content":["mine"]}""", UpstreamHost.Text(await host.CallAsync("wrong_id")));
        Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("echo"));
        Assert.Equal(["twice {}", "wrong_id {}", "echo {}"], fake.Ledger);
    }

    [Fact]
    public async Task Silence_PastTheTimeout_IsLost()
    {
        await using var fake = await FakeHttpUpstream.StartAsync();
        await using var host = new UpstreamHost(fake.Config());

        Assert.Equal("no answer within 1.5 s", Assert.IsType<UpstreamAnswer.Lost>(await host.CallAsync("hang", timeout: Sent)).Reason);
    }

    [Theory]
    [InlineData(false, false, true)]
    [InlineData(true, false, true)]
    // There the cancellation is that the request is dropped, and its answer with it.
    [InlineData(false, true, false)]
    public async Task Answer_PastTheTimeout_ArrivesLate(bool stream, bool modern, bool arrives)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream, modern);
        await using var host = new UpstreamHost(fake.Config(), new UpstreamLimits { CancelGrace = TimeSpan.FromMilliseconds(50) });

        var lost = Assert.IsType<UpstreamAnswer.Lost>(await host.CallAsync("slow", timeout: Sent));
        fake.Released.SetResult();

        Assert.Equal(arrives, lost.Late is not null);
        Assert.Equal(arrives, lost.Late is not null && await lost.Late is UpstreamAnswer.Result);
    }

    [Fact]
    public async Task Silence_PastTheTimeout_IsNotWaitedForForEver()
    {
        await using var fake = await FakeHttpUpstream.StartAsync();
        await using var host = new UpstreamHost(fake.Config(), new UpstreamLimits { LateAnswer = TimeSpan.FromMilliseconds(50) });

        var lost = Assert.IsType<UpstreamAnswer.Lost>(await host.CallAsync("hang", timeout: Sent));

        Assert.Null(await lost.Late!);
        await Eventually.TrueAsync(() => fake.Seen.Contains("dropped"), "the end of the request");
    }

    /// <summary>SDK defect 7: a client of the default kind gives up after 100 s, whatever the call's own deadline.</summary>
    [Fact]
    [Trait("row", "U8")]
    public void Client_HasNoTimeoutOfItsOwn()
    {
        using var client = HttpTransport.Client(new Uri("http://127.0.0.1/"), new Inbox("x", NullLogger.Instance), new UpstreamLimits());

        Assert.Equal(Timeout.InfiniteTimeSpan, client.Timeout);
    }

    [Fact]
    public async Task SseServer_ThatNamesAnotherHost_GetsNothing()
    {
        await using var other = await FakeHttpUpstream.StartAsync();
        await using var fake = await FakeHttpUpstream.StartAsync(messageEndpoint: new Uri(other.Root, "/message").AbsoluteUri);
        await using var host = new UpstreamHost(fake.Config("/sse", "sse", headers: ("Authorization", "Bearer t")));

        await Assert.ThrowsAnyAsync<UpstreamUnavailableException>(host.ConnectAsync);

        Assert.Empty(other.Seen);
    }

    [Fact]
    public async Task Url_ThatIsNobodys_IsUnavailable()
    {
        await using var fake = await FakeHttpUpstream.StartAsync();
        var config = fake.Config();
        await fake.StopAsync();
        await using var host = new UpstreamHost(config);

        var e = await Assert.ThrowsAnyAsync<UpstreamUnavailableException>(host.ConnectAsync);

        Assert.Contains("no connection", e.Message, StringComparison.Ordinal);
    }
}
