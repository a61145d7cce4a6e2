using System.Text.Json;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Server;

/// <summary>What a client carries between two rounds is good for exactly its request, its actor, ten minutes and one use.</summary>
public sealed class InputStateTests : IAsyncLifetime
{
    private const string Answers = "\"inputResponses\":{\"who\":{\"action\":\"accept\"}},";

    private readonly MovableTime _time = new();
    private FakeHttpUpstream _fake = null!;
    private HttpGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _fake = await FakeHttpUpstream.StartAsync(stream: true, modern: true, extra: ["form", "pay"]);
        _gateway = new HttpGateway { Options = new() { Upstreams = [_fake.Config()], Time = _time } };
        await _gateway.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _fake.DisposeAsync();
    }

    [Theory]
    [InlineData("as it is", true)]
    [InlineData("other spelling", true)]
    [InlineData("changed", false)]
    [InlineData("other actor", false)]
    [InlineData("other arguments", false)]
    [InlineData("other tool", false)]
    [InlineData("expired", false)]
    [InlineData("replayed", false)]
    [InlineData("the upstream's own", false)]
    [InlineData("empty", false)]
    [Trait("attack", "S47")]
    public async Task State_ThatIsNotExactlyWhatWasGiven_ReachesNoUpstream(string how, bool good)
    {
        await using var client = await TalkingClient.OverHttpAsync(_gateway, stateless: true);
        await using var other = await TalkingClient.OverHttpAsync(_gateway, stateless: true, key: HttpGateway.OtherAgentKey);
        var given = (await client.CallAsync("form", """{"a":1,"b":2}""")).GetProperty("result").GetProperty("requestState").GetString()!;
        var state = how switch
        {
            "changed" => given[..^6] + (given[^6] == 'A' ? 'B' : 'A') + given[^5..],
            "the upstream's own" => "state-1-é",
            "empty" => "",
            _ => given,
        };
        var members = $"{Answers}\"requestState\":\"{state}\",";
        if (how == "expired")
        {
            _time.Advance(TimeSpan.FromMinutes(10));
        }
        else if (how == "replayed")
        {
            Assert.True((await client.CallAsync("form", """{"a":1,"b":2}""", members)).TryGetProperty("result", out _));
        }

        var before = _fake.Ledger.Count;
        var answer = how switch
        {
            "other actor" => await other.CallAsync("form", """{"a":1,"b":2}""", members),
            "other arguments" => await client.CallAsync("form", """{"a":1,"b":3}""", members),
            "other tool" => await client.CallAsync("pay", """{"a":1,"b":2}""", members),
            "other spelling" => await client.CallAsync("form", """{ "b":2, "a":1 }""", members),
            _ => await client.CallAsync("form", """{"a":1,"b":2}""", members),
        };

        Assert.True(good == answer.TryGetProperty("result", out _), answer.GetRawText());
        Assert.Equal(before + (good ? 1 : 0), _fake.Ledger.Count);
        if (!good)
        {
            Assert.Equal(-32602, answer.GetProperty("error").GetProperty("code").GetInt32());
        }
    }

    [Fact]
    public async Task Answers_WithoutAnyState_AreACallOfTheirOwn()
    {
        await using var client = await TalkingClient.OverHttpAsync(_gateway, stateless: true);

        var answer = (await client.CallAsync("form", members: Answers)).GetProperty("result");

        // What was never asked is the upstream's to judge, and this one asks.
        Assert.Equal("input_required", answer.GetProperty("resultType").GetString());
        Assert.Single(_fake.Ledger);
    }

    [Fact]
    public async Task State_UsedByManyAtOnce_GoesOnOnce()
    {
        await using var client = await TalkingClient.OverHttpAsync(_gateway, stateless: true);
        var state = (await client.CallAsync("form")).GetProperty("result").GetProperty("requestState").GetString()!;

        var clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TalkingClient.OverHttpAsync(_gateway, stateless: true)));
        var answers = await Task.WhenAll(clients.Select(c => c.CallAsync("form", members: $"{Answers}\"requestState\":\"{state}\",")));

        Assert.Single(answers, answer => answer.TryGetProperty("result", out _));
        Assert.Equal(2, _fake.Ledger.Count);
    }
}
