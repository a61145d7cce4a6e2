using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.Server;

/// <summary>What a client carries back opens nothing but its own call, once, in time, for its own actor (the matrix's P12 and P13).</summary>
public sealed class AskStateTests(AskHouse house) : IClassFixture<AskHouse>
{
    private const string Yes = """{"action":"accept","content":{"approve":true}}""";

    [Theory]
    [InlineData("tampered")]
    [InlineData("made up")]
    [InlineData("another actor")]
    [InlineData("other arguments")]
    [InlineData("another tool")]
    [InlineData("of another call")]
    [InlineData("expired")]
    [InlineData("sealed for something else")]
    [Trait("attack", "S10"), Trait("attack", "S47")]
    public async Task State_ThatIsNotForThisRequest_IsRefusedAndNothingChanges(string how)
    {
        var arguments = AskHouse.Arguments("form");
        var question = await house.ResultAsync(arguments, AskHouse.FormOnly);
        var (sent, state, key, tool) = (arguments, StateOf(question), HttpGateway.AgentKey, "pay");
        switch (how)
        {
            case "tampered": state = state[..^2] + (state[^2] == 'A' ? 'B' : 'A') + state[^1]; break;
            case "made up": state = "parked:" + (await house.CallAsync(arguments)).Id; break;
            case "another actor": key = HttpGateway.AliceKey; break;
            case "other arguments": sent = AskHouse.Arguments("form"); break;
            case "another tool": tool = "echo"; break;
            case "of another call": state = StateOf(await house.ResultAsync(AskHouse.Arguments("form"), AskHouse.FormOnly)); break;
            case "expired": house.Time.Advance(TimeSpan.FromHours(25)); break;
            case "sealed for something else":
                var coder = new Actor("agent:coder", "k", "key");
                state = await house.Running.Gateway.States.SealAsync(coder, "inputs:", new byte[] { 1 }, TimeSpan.FromHours(1), default);
                break;
        }

        var back = $"\"inputResponses\":{{\"approval\":{Yes}}},\"requestState\":\"{state}\",";
        var answer = await house.AskAsync(sent, AskHouse.FormOnly, back, key, tool);

        Assert.True(answer.TryGetProperty("error", out var error), answer.GetRawText());
        Assert.Equal(-32602, error.GetProperty("code").GetInt32());
        Assert.Empty((await house.CallAsync(arguments)).Known.Decisions);
        Assert.Equal((0, 0), (house.Sent(arguments), house.Sent(sent)));
    }

    [Fact]
    public async Task State_ThatWasUsed_IsRefusedAndTheCallRanOnce()
    {
        var arguments = AskHouse.Arguments("form");
        var back = AskHouse.Back(await house.ResultAsync(arguments, AskHouse.FormOnly), Yes);

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => house.AskAsync(arguments, AskHouse.FormOnly, back)));

        Assert.Single(answers, answer => answer.TryGetProperty("result", out _));
        var errors = answers.Where(answer => answer.TryGetProperty("error", out _)).Select(answer => answer.GetProperty("error"));
        Assert.All(errors, error => Assert.Equal(-32602, error.GetProperty("code").GetInt32()));
        Assert.Single((await house.CallAsync(arguments)).Known.Decisions);
        Assert.Equal(1, house.Sent(arguments));
    }

    [Fact]
    public async Task State_WithArgumentsSpeltOtherwise_IsOfTheSameCall()
    {
        var note = Guid.NewGuid();
        var back = AskHouse.Back(await house.ResultAsync($$"""{"rule":"form","note":"{{note}}"}""", AskHouse.FormOnly), Yes);

        var result = await house.ResultAsync($$"""{ "note" : "{{note}}", "rule" : "form" }""", AskHouse.FormOnly, back);

        Assert.False(result.TryGetProperty("isError", out _), result.GetRawText());
    }

    [Fact]
    public async Task Call_OfAnotherActor_IsUnknownByEveryHandle()
    {
        var arguments = AskHouse.Arguments("form");
        await house.ResultAsync(arguments, AskHouse.FormOnly);
        var call = await house.CallAsync(arguments);
        var session = await house.Http.OpenSessionAsync(HttpGateway.OtherAgentKey);

        foreach (var tool in new[] { "jamjet_result", "jamjet_cancel" })
        {
            var answer = await house.Http.CallAsync(session, tool, $$"""{"call_id":"{{call.Id}}"}""", HttpGateway.OtherAgentKey);
            var unknown = await house.Http.CallAsync(session, tool, $$"""{"call_id":"{{CallId.From(Guid.Empty)}}"}""", HttpGateway.OtherAgentKey);
            Assert.Equal(unknown.GetRawText().Replace(CallId.From(Guid.Empty), call.Id, StringComparison.Ordinal), answer.GetRawText());
        }

        using var stolen = house.Http.McpPost("""{"jsonrpc":"2.0","id":1,"method":"ping"}""", session);
        using var response = await house.Http.Client.SendAsync(stolen);
        Assert.Equal(404, (int)response.StatusCode);
        Assert.IsType<CallState.Pending>((await house.CallAsync(arguments)).State);
    }

    [Fact]
    public async Task Ask_OverManyProcesses_IsPutOnce()
    {
        using var folder = new Processes.TempFolder();
        await using var one = await RunningGateway.StartAsync(new() { Policy = AskHouse.Policy, Folder = folder });
        var asks = new McpGovern.Server.ApprovalAsk(one.Gateway, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        await using var two = await RunningGateway.StartAsync(new() { Policy = AskHouse.Policy, Folder = folder });
        var others = new McpGovern.Server.ApprovalAsk(two.Gateway, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var actor = new Actor("agent:coder", "key:coder", "key");
        var told = await one.Gateway.CallAsync("pay", """{"rule":"form"}""", by: actor);
        var call = (await one.Gateway.Queries.LoadAsync(actor, told.CallId, default))!;
        var can = new ModelContextProtocol.Protocol.ElicitationCapability { Form = new() };

        var modes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? asks : others).BeginAsync(call, actor, can, default)));

        Assert.Single(modes, mode => mode is not null);
    }

    private static string StateOf(JsonElement question) => question.GetProperty("requestState").GetString()!;
}
