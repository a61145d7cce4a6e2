using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams;

/// <summary>What the status of a refusal says of the call, and what its body says.</summary>
public sealed class HttpStatusTests
{
    [Theory]
    [InlineData(401, typeof(UpstreamAnswer.Error))]
    [InlineData(403, typeof(UpstreamAnswer.Error))]
    [InlineData(307, typeof(UpstreamAnswer.Error))]
    [InlineData(413, typeof(UpstreamAnswer.Error))]
    [InlineData(302, typeof(UpstreamAnswer.Lost))]
    [InlineData(500, typeof(UpstreamAnswer.Lost))]
    [InlineData(503, typeof(UpstreamAnswer.Lost))]
    [InlineData(408, typeof(UpstreamAnswer.Lost))]
    public async Task Status_TellsOnlyWhatItProves(int status, Type expected)
    {
        await using var fake = await FakeHttpUpstream.StartAsync();
        await using var host = new UpstreamHost(fake.Config());

        var answer = await host.CallAsync("status", $$"""{"code":{{status}}}""");

        Assert.IsType(expected, answer);
        Assert.Contains(status.ToString(System.Globalization.CultureInfo.InvariantCulture), answer.ToString(), StringComparison.Ordinal);
        Assert.Single(fake.Ledger);
        Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("echo"));
    }

    /// <summary>As some servers refuse: what they say of the call counts as it would in JSON.</summary>
    [Theory]
    [InlineData(400, false)]
    [InlineData(400, true)]
    [InlineData(404, true)]
    public async Task Refusal_InAnEventStream_IsReadWhateverItsStatus(int status, bool modern)
    {
        await using var fake = await FakeHttpUpstream.StartAsync(modern: modern);
        await using var host = new UpstreamHost(fake.Config());

        var answer = await host.CallAsync("status", $$"""{"code":{{status}},"stream":true}""");

        Assert.Equal((-32602, "not so"), answer is UpstreamAnswer.Error error ? (error.Code, error.Message) : (0, answer.ToString()));
        Assert.IsType<UpstreamAnswer.Result>(await host.CallAsync("echo"));
    }
}
