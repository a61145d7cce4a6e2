using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>The statements that the draft SEP-2848 (asynchronous approval for tool calls) wants shown over the wire, one test each.</summary>
public sealed class Sep2848Tests(AskHouse house) : IClassFixture<AskHouse>
{
    private const string Disposition = "io.modelcontextprotocol/tool-approval-disposition";

    private const string Aware = """{"extensions":{"io.modelcontextprotocol/tasks":{},"io.modelcontextprotocol/tool-approval":{}}}""";

    [Fact]
    public async Task RequestableDenial_OfAClientWithTasks_IsAWorkingTaskAndNothingRuns()
    {
        var (arguments, task) = await ParkAsync();

        Assert.Equal(("task", "working"), (task.GetProperty("resultType").GetString(), task.GetProperty("status").GetString()));
        Assert.Equal(0, house.Sent(arguments));
    }

    [Fact]
    public async Task RequestableDenial_OfAClientWithoutTasks_IsAnErrorResultThatSaysWhatToDo()
    {
        var result = await house.ResultAsync(AskHouse.Arguments("page"), "{}");

        Assert.True(result.GetProperty("isError").GetBoolean());
        Assert.Contains("jamjet_result", result.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Denial_ThatIsNotRequestable_IsTheNormalErrorResult()
    {
        var result = (await house.AskAsync("{}", Aware, tool: "big")).GetProperty("result");

        Assert.Equal(("complete", true), (result.GetProperty("resultType").GetString(), result.GetProperty("isError").GetBoolean()));
    }

    [Fact]
    public async Task Approval_ResumesTheCallAtMostOnceHoweverOftenItIsGivenOrAskedFor()
    {
        var (arguments, task) = await ParkAsync();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => house.Running.Gateway.DecideAsync(IdOf(task), "approved")));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => EndAsync(task)));

        Assert.Equal("approved-executed", DispositionOf(await EndAsync(task)));
        Assert.Equal(1, house.Sent(arguments));
    }

    [Fact]
    public async Task RepeatedCall_WhileItIsPending_IsTheSameTask()
    {
        var (arguments, task) = await ParkAsync();

        Assert.Equal(IdOf(task), IdOf(await house.ResultAsync(arguments, Aware)));
    }

    [Theory]
    [InlineData("rejected")]
    [InlineData("expired")]
    public async Task TerminalDenial_IsACompletedTaskWhoseBodySaysThatTheToolDidNotRun(string how)
    {
        var (arguments, task) = await ParkAsync();
        await EndOtherwiseAsync(IdOf(task), how);

        var ended = await EndAsync(task);

        Assert.Equal(("completed", "denied-not-executed"), (ended.GetProperty("status").GetString(), DispositionOf(ended)));
        Assert.True(ended.GetProperty("result").GetProperty("isError").GetBoolean());
        var texts = ended.GetProperty("result").GetProperty("content").EnumerateArray().Select(block => block.GetProperty("text").GetString());
        Assert.Equal("The tool did not run.", texts.Last());
        Assert.Equal(0, house.Sent(arguments));
    }

    [Theory]
    [InlineData("execution-error")]
    [InlineData("outcome-unknown")]
    public async Task CallThatWasSent_AndFailed_IsToldApartFromADenial(string expected)
    {
        var (arguments, task) = await ParkAsync();
        var usual = house.Running.Upstream.Result;
        house.Running.Upstream.Result = """{"content":[],"isError":true,"_meta":{"a":1E2}}""";
        house.Running.Upstream.HangsUp = expected == "outcome-unknown";
        await house.ApproveAsync(IdOf(task));

        var ended = await EndAsync(task);
        (house.Running.Upstream.Result, house.Running.Upstream.HangsUp) = (usual, false);

        Assert.Equal(("completed", expected), (ended.GetProperty("status").GetString(), DispositionOf(ended)));
        Assert.True(ended.GetProperty("result").GetProperty("isError").GetBoolean());
        Assert.DoesNotContain("did not run", ended.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(1, house.Sent(arguments));
    }

    [Fact]
    public async Task Call_WithOtherArgumentsOrOfAnotherPrincipal_NeedsItsOwnApproval()
    {
        var (arguments, task) = await ParkAsync();
        await house.ApproveAsync(IdOf(task));
        await EndAsync(task);

        var other = await house.ResultAsync(AskHouse.Arguments("page"), Aware);
        var anothers = (await house.AskAsync(arguments, Aware, key: HttpGateway.OtherAgentKey)).GetProperty("result");

        Assert.All([other, anothers], fresh => Assert.Equal("working", fresh.GetProperty("status").GetString()));
        Assert.Equal(3, new[] { task, other, anothers }.Select(IdOf).Distinct().Count());
        Assert.Equal(1, house.Sent(arguments));
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("expired")]
    public async Task Task_ThatWasCancelledOrExpired_CannotRunLater(string how)
    {
        var (arguments, task) = await ParkAsync();
        await EndOtherwiseAsync(IdOf(task), how);

        var late = await house.Running.Gateway.DecideAsync(IdOf(task), "approved");

        Assert.False(late.Accepted);
        Assert.NotEqual("working", (await EndAsync(task)).GetProperty("status").GetString());
        Assert.Equal(0, house.Sent(arguments));
    }

    [Fact]
    public async Task Task_WhileItWaitsAndAfter_ShowsNothingOfHowItIsDecided()
    {
        var (_, task) = await ParkAsync();
        var waiting = await GetAsync(task);
        await house.ApproveAsync(IdOf(task));
        var ended = await EndAsync(task);

        var secrets = new[] { "alice", "call_hash", "sha256:", "rule", "approvers" };
        Assert.All([task, waiting, ended], shown =>
            Assert.DoesNotContain(secrets, secret => shown.GetRawText().Contains(secret, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Result_ForAClientThatKnowsTasksAlone_IsTheUpstreamsByteForByte()
    {
        var (_, task) = await ParkAsync();
        await house.ApproveAsync(IdOf(task));
        await EndAsync(task);

        Assert.Equal(house.Running.Upstream.Result, (await GetAsync(task, ModernClient.TasksCapability)).GetProperty("result").GetRawText());
    }

    private async Task<(string Arguments, JsonElement Task)> ParkAsync()
    {
        var arguments = AskHouse.Arguments("page");
        return (arguments, await house.ResultAsync(arguments, Aware));
    }

    private async Task EndOtherwiseAsync(string id, string how)
    {
        switch (how)
        {
            case "rejected":
                Assert.True((await house.Running.Gateway.DecideAsync(id, "rejected")).Accepted);
                break;
            case "cancelled":
                await ModernClient.ResultAsync(house.Http, "tasks/cancel", $"\"taskId\":\"{id}\",", id, ModernClient.Meta(Aware));
                break;
            default:
                house.Time.Advance(TimeSpan.FromHours(2));
                await Eventually.TrueAsync(async () => (await house.Running.Gateway.ViewAsync(id)).Status == "expired", () => "it does not expire");
                break;
        }
    }

    private Task<JsonElement> GetAsync(JsonElement task, string capabilities = Aware) =>
        ModernClient.ResultAsync(house.Http, "tasks/get", $"\"taskId\":\"{IdOf(task)}\",", IdOf(task), ModernClient.Meta(capabilities));

    private async Task<JsonElement> EndAsync(JsonElement task)
    {
        var ended = default(JsonElement);
        await Eventually.TrueAsync(
            async () => (ended = await GetAsync(task)).GetProperty("status").GetString() != "working", () => $"it stays {ended}");
        return ended;
    }

    private static string IdOf(JsonElement task) => task.GetProperty("taskId").GetString()!;

    private static string? DispositionOf(JsonElement task) => task.GetProperty("result").GetProperty("_meta").GetProperty(Disposition).GetString();
}
