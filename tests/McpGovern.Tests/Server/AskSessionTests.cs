using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.Server;

/// <summary>The revisions that begin with <c>initialize</c>: the client is asked while its call is held, and not a moment longer.</summary>
public sealed class AskSessionTests
{
    private static readonly Actor Coder = new("agent:coder", "stdio:agent:coder", "stdio") { Session = "s" };

    private readonly MovableTime _time = new();

    [Theory]
    [InlineData("2025-11-25", AskHouse.Both, "page", "url")]
    [InlineData("2025-11-25", AskHouse.FormOnly, "page", null)]
    [InlineData("2025-11-25", AskHouse.FormOnly, "form", "form")]
    [InlineData("2025-11-25", AskHouse.UrlOnly, "form", null)]
    [InlineData("2025-11-25", AskHouse.Both, "never", null)]
    [InlineData("2025-11-25", "{}", "form", null)]
    [InlineData("2025-06-18", AskHouse.FormOnly, "form", "no mode")]
    [InlineData("2025-06-18", AskHouse.Both, "page", null)]
    [InlineData("2025-03-26", AskHouse.Both, "form", null)]
    public async Task Call_OfASession_IsAskedAboutAsItsRevisionKnows(string revision, string capabilities, string rule, string? expected)
    {
        await using var client = await ConnectAsync(revision, capabilities);

        await client.SendAsync(Call(AskHouse.Arguments(rule)));
        var id = await client.Gateway.Gateway.PendingAsync();
        if (expected is null)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(7, (await client.HearAsync()).GetProperty("id").GetInt32());
            Assert.Null(await client.Gateway.Gateway.Store.ReadAsync($"asked:{id}", _time.GetUtcNow(), default));
            return;
        }

        var question = await client.HearAsync();
        Assert.Equal("elicitation/create", question.GetProperty("method").GetString());
        var parameters = question.GetProperty("params");
        Assert.Equal(expected, parameters.TryGetProperty("mode", out var mode) ? mode.GetString() : "no mode");
        Assert.Equal(expected == "url" ? id : null, parameters.TryGetProperty("elicitationId", out var named) ? named.GetString() : null);
    }

    [Fact]
    public async Task Form_ThatSaysYes_RunsTheCallAndItsResultAnswersIt()
    {
        await using var client = await ConnectAsync();
        var (id, question) = await AskedAsync(client);

        await AnswerAsync(client, question, """{"action":"accept","content":{"approve":true}}""");

        Assert.Equal("""{"content":[{"type":"text","text":"ok"}]}""", (await client.HearAsync()).GetProperty("result").GetRawText());
        var decision = Assert.Single((await client.Gateway.Gateway.EventsAsync(id)).OfType<ApprovalReceived>());
        Assert.Equal(("elicitation", "unproven", true), (decision.Via, decision.Presence, decision.SelfApproved));
        Assert.Single(client.Gateway.Upstream.Calls);
    }

    [Fact]
    public async Task Question_ThatIsNeverAnswered_IsTakenBackWithTheHoldAndALateYesMeansNothing()
    {
        await using var client = await ConnectAsync();
        var (id, question) = await AskedAsync(client);

        _time.Advance(TimeSpan.FromMinutes(1));
        var heard = new[] { await client.HearAsync(), await client.HearAsync() };

        var withdrawn = Assert.Single(heard, message => message.TryGetProperty("method", out _));
        Assert.Equal(("notifications/cancelled", question.GetRawText()),
            (withdrawn.GetProperty("method").GetString(), withdrawn.GetProperty("params").GetProperty("requestId").GetRawText()));
        var answer = Assert.Single(heard, message => message.TryGetProperty("result", out _)).GetProperty("result");
        Assert.Equal("pending", answer.GetProperty("_meta").GetProperty("mcpgovern/call").GetProperty("status").GetString());

        await AnswerAsync(client, question, """{"action":"accept","content":{"approve":true}}""");
        await PingAsync(client);
        Assert.Equal("CallSubmitted ToolApprovalRequired", await client.Gateway.Gateway.HistoryAsync(id));
        Assert.Empty(client.Gateway.Upstream.Calls);
    }

    [Fact]
    public async Task Request_ThatIsCancelledWhileItsClientIsAsked_EndsTheWaitAndTheQuestionAlone()
    {
        await using var client = await ConnectAsync();
        var (id, question) = await AskedAsync(client);

        await client.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}""");

        var withdrawn = await client.HearAsync();
        Assert.Equal(("notifications/cancelled", question.GetRawText()),
            (withdrawn.GetProperty("method").GetString(), withdrawn.GetProperty("params").GetProperty("requestId").GetRawText()));
        await PingAsync(client);
        Assert.Equal("CallSubmitted ToolApprovalRequired", await client.Gateway.Gateway.HistoryAsync(id));
    }

    [Fact]
    public async Task Client_ThatAnswersWithAnError_IsWaitedForAsEver()
    {
        await using var client = await ConnectAsync();
        var (id, question) = await AskedAsync(client);

        await client.SendAsync($$$"""{"jsonrpc":"2.0","id":{{{question.GetRawText()}}},"error":{"code":-32601,"message":"no such method"}}""");
        await client.Gateway.Gateway.ApproveAsync(id);

        Assert.Equal("""{"content":[{"type":"text","text":"ok"}]}""", (await client.HearAsync()).GetProperty("result").GetRawText());
    }

    [Fact]
    public async Task Call_ThatIsSentTwiceAtOnce_IsAskedAboutOnceAndBothGetItsResult()
    {
        await using var client = await ConnectAsync();
        var arguments = AskHouse.Arguments("form");
        await client.SendAsync(Call(arguments));
        await client.Gateway.Gateway.PendingAsync();
        await client.SendAsync(Call(arguments).Replace("\"id\":7", "\"id\":8", StringComparison.Ordinal));
        var question = await client.HearAsync();
        Assert.Equal("elicitation/create", question.GetProperty("method").GetString());

        await AnswerAsync(client, question.GetProperty("id"), """{"action":"accept","content":{"approve":true}}""");

        var heard = new[] { await client.HearAsync(), await client.HearAsync() };
        Assert.Equal([7, 8], heard.Select(answer => answer.GetProperty("id").GetInt32()).Order());
        Assert.All(heard, answer => Assert.Contains("\"ok\"", answer.GetProperty("result").GetRawText(), StringComparison.Ordinal));
        Assert.Single(client.Gateway.Upstream.Calls);
    }

    private Task<PipeClient> ConnectAsync(string revision = "2025-11-25", string capabilities = AskHouse.Both) => PipeClient.ConnectAsync(
        new() { Policy = AskHouse.Policy, Hold = TimeSpan.FromSeconds(50), PublicUrl = new Uri(AskHouse.Pages), Time = _time },
        Coder, revision, capabilities);

    /// <summary>The call that is parked, and the id of the question about it.</summary>
    private static async Task<(string Call, JsonElement Question)> AskedAsync(PipeClient client)
    {
        await client.SendAsync(Call(AskHouse.Arguments("form")));
        var question = await client.HearAsync();
        Assert.Equal("elicitation/create", question.GetProperty("method").GetString());
        return (await client.Gateway.Gateway.PendingAsync(), question.GetProperty("id"));
    }

    private static Task AnswerAsync(PipeClient client, JsonElement question, string answer) =>
        client.SendAsync($$"""{"jsonrpc":"2.0","id":{{question.GetRawText()}},"result":{{answer}}}""");

    /// <summary>What was sent before has been read by now.</summary>
    private static async Task PingAsync(PipeClient client)
    {
        await client.SendAsync("""{"jsonrpc":"2.0","id":99,"method":"ping"}""");
        Assert.Equal(99, (await client.HearAsync()).GetProperty("id").GetInt32());
    }

    private static string Call(string arguments) =>
        $$$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"pay","arguments":{{{arguments}}}}}""";
}
