using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>The stateless revision: a parked call asks its caller once, and what comes back is worth what the policy says.</summary>
public sealed class AskTests(AskHouse house) : IClassFixture<AskHouse>
{
    private const string Yes = """{"action":"accept","content":{"approve":true}}""", Opened = """{"action":"accept"}""";

    [Theory]
    [InlineData("page", AskHouse.Both, "url")]
    [InlineData("page", AskHouse.UrlOnly, "url")]
    [InlineData("page", AskHouse.FormOnly, null)]
    [InlineData("page", "{}", null)]
    [InlineData("form", AskHouse.Both, "form")]
    [InlineData("form", AskHouse.FormOnly, "form")]
    [InlineData("form", AskHouse.UrlOnly, null)]
    [InlineData("either", AskHouse.Both, "url")]
    [InlineData("either", AskHouse.FormOnly, "form")]
    [InlineData("never", AskHouse.Both, null)]
    [InlineData("human", AskHouse.FormOnly, null)]
    [InlineData("others", AskHouse.Both, null)]
    [InlineData("form", """{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}""", "task")]
    public async Task Call_OfAClient_IsAskedAboutAsPolicyAndClientCan(string rule, string capabilities, string? expected)
    {
        var result = await house.ResultAsync(AskHouse.Arguments(rule), capabilities);

        Assert.Equal(expected ?? "plain", result.GetProperty("resultType").GetString() switch
        {
            "input_required" => Question(result).GetProperty("mode").GetString(),
            "task" => "task",
            _ when result.GetProperty("isError").GetBoolean() => "plain",
            _ => "ran",
        });
    }

    [Fact]
    public async Task Call_ThatWasAskedAbout_IsNeverAskedAboutAgain()
    {
        var arguments = AskHouse.Arguments("page");
        var question = await house.ResultAsync(arguments, AskHouse.Both);
        var call = await house.CallAsync(arguments);

        var again = await house.ResultAsync(arguments, AskHouse.Both);
        var back = await house.ResultAsync(arguments, AskHouse.Both, AskHouse.Back(question, """{"action":"decline"}"""));
        var last = await house.ResultAsync(arguments, AskHouse.Both);

        Assert.All([again, back, last], result => Assert.Equal((call.Id, "pending"), About(result)));
    }

    [Fact]
    public async Task Page_ThatWasOpened_IsWaitedForAndItsResultIsTheUpstreamsByteForByte()
    {
        var arguments = AskHouse.Arguments("page");
        var question = await house.ResultAsync(arguments, AskHouse.Both);
        var call = await house.CallAsync(arguments);
        Assert.Equal($"{AskHouse.Pages}approvals/{call.Id}", Question(question).GetProperty("url").GetString());
        Assert.Contains("up.pay", Question(question).GetProperty("message").GetString(), StringComparison.Ordinal);

        var waiting = house.ResultAsync(arguments, AskHouse.Both, AskHouse.Back(question, Opened));
        await Task.Yield();
        await house.ApproveAsync(call.Id);

        Assert.Equal("""{"resultType":"complete","content":[{"type":"text","text":"ok"}]}""", (await waiting).GetRawText());
        Assert.Equal(1, house.Sent(arguments));
    }

    [Fact]
    public async Task Page_ThatWasOpenedAndLeft_IsWaitedForHalfAMinuteAndNoLonger()
    {
        var arguments = AskHouse.Arguments("page");
        var question = await house.ResultAsync(arguments, AskHouse.Both);

        var waiting = house.ResultAsync(arguments, AskHouse.Both, AskHouse.Back(question, Opened));
        var early = await Task.WhenAny(waiting, Task.Delay(TimeSpan.FromSeconds(1))) == waiting;
        house.Time.Advance(TimeSpan.FromSeconds(31));

        Assert.False(early);
        Assert.Equal("pending", About(await waiting.WaitAsync(Eventually.Limit)).Status);
        Assert.Equal(0, house.Sent(arguments));
    }

    [Theory]
    [InlineData(Yes, "succeeded")]
    [InlineData("""{"action":"accept","content":{"approve":false}}""", "rejected")]
    [InlineData("""{"action":"accept","content":{}}""", "pending")]
    [InlineData("""{"action":"accept"}""", "pending")]
    [InlineData("""{"action":"accept","content":{"approve":"true"}}""", "pending")]
    [InlineData("""{"action":"accept","content":[true]}""", "pending")]
    [InlineData("""{"action":"decline","content":{"approve":true}}""", "pending")]
    [InlineData("""{"action":"cancel"}""", "pending")]
    [InlineData("""{}""", "pending")]
    [InlineData("true", "pending")]
    public async Task Form_ThatComesBack_DecidesByAPlainYesOrNoAlone(string answer, string status)
    {
        var arguments = AskHouse.Arguments("form");
        var question = await house.ResultAsync(arguments, AskHouse.FormOnly);
        Assert.Contains(arguments, Question(question).GetProperty("message").GetString(), StringComparison.Ordinal);

        var result = await house.ResultAsync(arguments, AskHouse.FormOnly, AskHouse.Back(question, answer));

        var call = await house.CallAsync(arguments);
        Assert.Equal(status, CallStatus.Of(call.State));
        Assert.Equal(status == "succeeded" ? 1 : 0, house.Sent(arguments));
        Assert.Equal(status != "succeeded", result.TryGetProperty("isError", out var isError) && isError.GetBoolean());
        var decisions = call.Events.OfType<ApprovalReceived>().Select(d => (d.Decider, d.Via, d.Presence, d.SelfApproved, d.SeenHash)).ToArray();
        Assert.Equal(status == "pending" ? [] : [("agent:coder", "elicitation", "unproven", true, call.Known.Gate!.CallHash)], decisions);
    }

    [Fact]
    public async Task Form_WhereACommentIsRequired_AsksForItAndCountsWithItAlone()
    {
        var (without, with) = (AskHouse.Arguments("reasons"), AskHouse.Arguments("reasons"));
        var questions = (await house.ResultAsync(without, AskHouse.FormOnly), await house.ResultAsync(with, AskHouse.FormOnly));
        Assert.Equal("""["approve","comment"]""", Question(questions.Item1).GetProperty("requestedSchema").GetProperty("required").GetRawText());

        house.Time.Advance(TimeSpan.FromSeconds(31));
        var waiting = house.ResultAsync(without, AskHouse.FormOnly, AskHouse.Back(questions.Item1, Yes));
        const string Agreed = """{"action":"accept","content":{"approve":true,"comment":"agreed"}}""";
        await house.ResultAsync(with, AskHouse.FormOnly, AskHouse.Back(questions.Item2, Agreed));
        await Eventually.TrueAsync(
            () =>
            {
                house.Time.Advance(TimeSpan.FromSeconds(10));
                return waiting.IsCompleted;
            },
            () => "it waits for ever");

        Assert.Equal(("pending", 0), (About(await waiting).Status, house.Sent(without)));
        Assert.Equal("agreed", Assert.Single((await house.CallAsync(with)).Known.Decisions).Comment);
    }

    [Fact]
    public async Task Form_OfACallThatNeedsTwo_IsOneOfThem()
    {
        var arguments = AskHouse.Arguments("two");
        var question = await house.ResultAsync(arguments, AskHouse.FormOnly);

        var waiting = house.ResultAsync(arguments, AskHouse.FormOnly, AskHouse.Back(question, Yes));
        await Eventually.TrueAsync(async () => (await house.CallAsync(arguments)).Known.Decisions.Count == 1, () => "the form was not counted");
        Assert.Equal(("pending", 0), (CallStatus.Of((await house.CallAsync(arguments)).State), house.Sent(arguments)));
        await house.ApproveAsync((await house.CallAsync(arguments)).Id);

        Assert.False((await waiting).TryGetProperty("isError", out _));
        Assert.Equal(1, house.Sent(arguments));
    }

    private static JsonElement Question(JsonElement result) => result.GetProperty("inputRequests").GetProperty("approval").GetProperty("params");

    private static (string? Id, string? Status) About(JsonElement result)
    {
        var call = result.GetProperty("_meta").GetProperty("mcpgovern/call");
        return (call.GetProperty("call_id").GetString(), call.GetProperty("status").GetString());
    }
}
