using System.Text.Json;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Server;

/// <summary>What an upstream asks in the middle of a call: clients and upstreams of both kinds of revision, over both transports.</summary>
public sealed class InputMatrixTests : IAsyncLifetime
{
    private const string Said = """{"action":"accept","content":{"name":"\u00e9\/ 1.50","n":1.50}}""";

    private readonly List<HttpGateway> _gateways = [];
    private FakeHttpUpstream? _fake;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            await ((IAsyncLifetime)gateway).DisposeAsync();
        }

        await (_fake?.DisposeAsync() ?? default);
    }

    public static TheoryData<bool, bool, bool, bool> All
    {
        get
        {
            var data = new TheoryData<bool, bool, bool, bool>();
            foreach (var bits in Enumerable.Range(0, 16))
            {
                data.Add((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0);
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(All))]
    public async Task Call_WhoseUpstreamAsks_EndsWithTheAnswerOfItsClient(bool overStdio, bool stateless, bool upstreamOverStdio, bool modern)
    {
        var gateway = await StartAsync(upstreamOverStdio, modern);
        await using var client = overStdio ? await TalkingClient.OverStdioAsync(gateway.Running, stateless) : await TalkingClient.OverHttpAsync(gateway, stateless);
        client.Answer = Said;

        var message = await client.CallAsync(modern ? "form" : "elicit");
        var result = message.TryGetProperty("result", out var first) ? first : throw new Xunit.Sdk.XunitException(message.GetRawText());
        if (stateless && modern)
        {
            Assert.Empty(client.Heard);
            Assert.Equal("input_required", result.GetProperty("resultType").GetString());
            Assert.Equal("{\"who\":{\"method\":\"elicitation/create\",\"params\":" + FakeQuestions.Question + "}}", result.GetProperty("inputRequests").GetRawText());
            Assert.Equal("1.0", result.GetProperty("x-vendor").GetRawText());
            var state = result.GetProperty("requestState").GetString()!;
            Assert.DoesNotContain("state-1", state, StringComparison.Ordinal);
            result = (await client.CallAsync("form", members: $"\"inputResponses\":{{\"who\":{Said}}},\"requestState\":\"{state}\",")).GetProperty("result");
        }

        if (modern)
        {
            Assert.Equal($"{{\"who\":{Said}}}", result.GetProperty("answers").GetRawText());
            Assert.Equal(2, (await StatusesAsync(gateway)).Count(status => status == "succeeded"));
        }
        else
        {
            var told = JsonElement.Parse(result.GetProperty("content")[0].GetProperty("text").GetString()!);
            Assert.Equal(stateless ? """{"action":"cancel"}""" : Said, told.GetProperty("result").GetRawText());
        }

        if (!stateless)
        {
            var asked = Assert.Single(client.Heard);
            Assert.Equal(("elicitation/create", FakeQuestions.Question), (asked.GetProperty("method").GetString(), asked.GetProperty("params").GetRawText()));
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Call_OfAClientThatCannotBeAsked_SaysWhatItWouldHaveNeeded(bool stateless, bool rude)
    {
        var gateway = await StartAsync(upstreamOverStdio: false, modern: true);
        await using var client = await TalkingClient.OverHttpAsync(gateway, stateless, capabilities: """{"sampling":{}}""");

        var message = await client.CallAsync("form", rude ? """{"rude":true}""" : "{}");

        if (!rude)
        {
            Assert.Equal("nobody to ask", message.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString());
        }
        else if (stateless)
        {
            Assert.Equal(-32021, message.GetProperty("error").GetProperty("code").GetInt32());
            Assert.Equal("""{"elicitation":{"form":{}}}""", message.GetProperty("error").GetProperty("data").GetProperty("requiredCapabilities").GetRawText());
        }
        else
        {
            Assert.True(message.GetProperty("result").GetProperty("isError").GetBoolean());
            Assert.Contains("did not declare elicitation", message.GetRawText(), StringComparison.Ordinal);
        }

        Assert.Empty(client.Heard);
        Assert.Single(_fake!.Ledger);
    }

    [Theory]
    [InlineData("""{"elicitation":{"url":{}}}""", true)]
    [InlineData("""{"elicitation":{"form":{}}}""", false)]
    public async Task Question_ByUrl_ReachesAClientThatDeclaredItWithAnIdOfItsOwn(string capabilities, bool reaches)
    {
        var gateway = await StartAsync(upstreamOverStdio: false, modern: true);
        await using var client = await TalkingClient.OverHttpAsync(gateway, stateless: false, capabilities);
        client.Answer = """{"action":"accept"}""";

        var result = (await client.CallAsync("form", """{"url":true}""")).GetProperty("result");

        Assert.Equal(reaches, result.TryGetProperty("answers", out _));
        Assert.Equal(reaches ? 1 : 0, client.Heard.Count);
        Assert.All(client.Heard, asked => Assert.Equal(
            (FakeQuestions.UrlQuestion[..^1], 32),
            (asked.GetProperty("params").GetRawText()[..(FakeQuestions.UrlQuestion.Length - 1)], asked.GetProperty("params").GetProperty("elicitationId").GetString()!.Length)));
    }

    [Theory]
    [InlineData(10, 10, true)]
    [InlineData(9, 10, false)]
    public async Task Rounds_OfOneCall_AreLimited(int rounds, int sent, bool givenUp)
    {
        var gateway = await StartAsync(upstreamOverStdio: false, modern: true);
        await using var client = await TalkingClient.OverHttpAsync(gateway, stateless: false);
        client.Answer = Said;

        var result = (await client.CallAsync("form", $$"""{"rounds":{{rounds}}}""")).GetProperty("result");

        Assert.Equal(givenUp, result.TryGetProperty("isError", out _));
        Assert.Equal(sent, _fake!.Ledger.Count);
    }

    [Fact]
    public async Task Question_ToAClientThatAnswersWithAnError_EndsTheCall()
    {
        var gateway = await StartAsync(upstreamOverStdio: false, modern: true);
        await using var client = await TalkingClient.OverHttpAsync(gateway, stateless: false);
        client.Refusal = """{"code":-1,"message":"no window"}""";

        var message = await client.CallAsync("form");

        Assert.True(message.GetProperty("result").GetProperty("isError").GetBoolean(), message.GetRawText());
        Assert.Contains("no window", message.GetRawText(), StringComparison.Ordinal);
        Assert.Single(_fake!.Ledger);
    }

    private async Task<HttpGateway> StartAsync(bool upstreamOverStdio, bool modern)
    {
        UpstreamConfig config;
        if (upstreamOverStdio)
        {
            config = FakeUpstreamOptions.Config("fake", ["--extra", "form", "--extra", "elicit", .. modern ? ["--modern"] : Array.Empty<string>()]);
        }
        else
        {
            _fake = await FakeHttpUpstream.StartAsync(stream: true, modern: modern, extra: ["form", "elicit"]);
            config = _fake.Config();
        }

        var gateway = new HttpGateway { Options = new() { Upstreams = [config] } };
        _gateways.Add(gateway);
        await gateway.InitializeAsync();
        return gateway;
    }

    private static async Task<IEnumerable<string>> StatusesAsync(HttpGateway gateway) =>
        (await gateway.Running.Gateway.Store.ListAsync(new([], 50), default)).Calls.Select(call => McpGovern.Calls.CallView.From(call.CallId, call.Events).Status);
}
