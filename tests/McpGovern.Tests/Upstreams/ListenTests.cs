using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams;

/// <summary>Upstreams of the stateless revision tell of changes only on a subscription.</summary>
public sealed class ListenTests
{
    [Fact]
    public async Task Changes_OverStdio_AreHeard_AndAfterABreakAgain()
    {
        await using var host = UpstreamHost.Stdio("--modern", "--listens");
        var tools = (await host.ConnectAsync()).Tools.Count;
        await Eventually.TrueAsync(() => Listens(host) == 1, "the subscription");
        Assert.Contains("""listens {"toolsListChanged":true}""", host.Log);

        await host.CallAsync("change_tools");
        await Eventually.TrueAsync(() => host.Upstream.KnownTools!.Count == tools + 1, "the change");
        var lists = host.Log.Count(line => line == "tools/list");
        await host.CallAsync("end_listening");
        await Eventually.TrueAsync(() => Listens(host) == 2, "another subscription");
        // What changed in between nobody told.
        await Eventually.TrueAsync(() => host.Log.Count(line => line == "tools/list") > lists, "another look");

        Assert.True(host.Upstream.IsConnected);
        Assert.Single(host.Log, line => line.StartsWith("start ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Resources_ThatAreWatched_AreListenedToInTheNextSubscription()
    {
        await using var host = UpstreamHost.Stdio("--modern", "--listens");
        var connection = await host.ConnectAsync();
        await Eventually.TrueAsync(() => Listens(host) == 1, "the subscription");

        connection.WatchResources(["test://one"]);

        await Eventually.TrueAsync(() => host.Log.Contains("""listens {"toolsListChanged":true,"resourceSubscriptions":["test://one"]}"""), "the next one");
    }

    [Fact]
    public async Task Changes_OverHttp_AreHeardAndTheSubscriptionKeepsNoConnectionOpen()
    {
        await using var fake = await FakeHttpUpstream.StartAsync(stream: true, modern: true);
        await using var host = new UpstreamHost(fake.Config());
        var connection = await host.ConnectAsync();
        await Eventually.TrueAsync(() => fake.Seen.Contains("acknowledged"), "the subscription");
        var lists = fake.Seen.Count(method => method == "tools/list");

        await fake.Listening.CancelAsync();

        await Eventually.TrueAsync(() => fake.Seen.Count(method => method == "tools/list") > lists, "another look");
        fake.Listening = new CancellationTokenSource();
        await Eventually.TrueAsync(() => fake.Seen.Count(method => method == "acknowledged") > 1, "another subscription");
        Assert.Null(connection.ClosedBecause);
        await connection.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.NotNull(connection.ClosedBecause);
    }

    [Fact]
    public async Task Upstream_ThatLetsNobodyListen_ServesOn()
    {
        await using var fake = await FakeHttpUpstream.StartAsync(modern: true);
        await using var host = new UpstreamHost(fake.Config());
        await host.ConnectAsync();
        await Eventually.TrueAsync(() => fake.Seen.Contains("subscriptions/listen"), "the try");

        Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("odd"));
        Assert.Single(fake.Seen, method => method == "subscriptions/listen");
    }

    private static int Listens(UpstreamHost host) => host.Log.Count(line => line.StartsWith("listens ", StringComparison.Ordinal));
}
