using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Server;

/// <summary>One client over two pipes, and what a bad line or a sudden end does.</summary>
public sealed class StdioServeTests : IAsyncLifetime, IDisposable
{
    private const string Initialize =
        """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""";

    private readonly Pipe _stdin = new(), _stdout = new();
    private readonly StdioLife _life = new(TimeProvider.System);
    private readonly Actor _actor = StdioActor.From(null, [], "me");
    private StreamReader _answers = null!;
    private RunningGateway _gateway = null!;
    private Task _serving = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        _gateway = await RunningGateway.StartAsync();
        _answers = new StreamReader(_stdout.Reader.AsStream(), Encoding.UTF8);
        _serving = new StdioServe(_gateway.Door, _gateway.Live, _life, 1 << 20, NullLogger<StdioServe>.Instance)
            .RunAsync(_actor, _stdin.Reader.AsStream(), _stdout.Writer.AsStream());
    }

    public async Task DisposeAsync()
    {
        await _stdin.Writer.CompleteAsync();
        await _serving.WaitAsync(Eventually.Limit);
        await _gateway.DisposeAsync();
    }

    public void Dispose()
    {
        _answers.Dispose();
        _life.Dispose();
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"echo"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":9,"result":{"content":[]}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}""")]
    [InlineData("   ")]
    public async Task Line_WithoutAnId_IsPassedOver(string line)
    {
        await SendAsync(Initialize, line, """{"jsonrpc":"2.0","id":"p","method":"ping"}""");

        var answers = await AnswersAsync(2);
        Assert.Equal("2024-11-05", answers["0"].GetProperty("result").GetProperty("protocolVersion").GetString());
        Assert.Contains("\"p\"", answers.Keys);
        Assert.Empty(_gateway.Upstream.Calls);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"echo","arguments":{"a":1,"a":2}}}""", -32600)]
    [InlineData("""[{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"echo"}}]""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":4,"id":5,"method":"tools/call","params":{"name":"echo"}}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"arguments":{}}}""", -32602)]
    [InlineData("""{"jsonrpc":"2.0","id":4,"method":"tools/list",}""", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":4,"method":"server/discover"}""", -32602)]
    [InlineData("""{"jsonrpc":"2.0","id":4,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2099-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}""", -32022)]
    [InlineData("""{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2025-11-25"}}}""", -32022)]
    [InlineData("""{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""", -32602)]
    public async Task Request_ThatCannotBeServed_IsAnsweredUnderItsId(string line, int code)
    {
        await SendAsync(line);

        var answer = await AnswerAsync();
        Assert.Equal((4, code), (answer.GetProperty("id").GetInt32(), answer.GetProperty("error").GetProperty("code").GetInt32()));
        Assert.Empty(_gateway.Upstream.Calls);
    }

    [Fact]
    public async Task Line_OfTooManyBytes_CostsOnlyItself()
    {
        var tooLong = $$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":"{{new string('x', 3 << 20)}}"} } }""";
        var writing = SendAsync(tooLong, Initialize);

        Assert.Equal(0, (await AnswerAsync()).GetProperty("id").GetInt32());
        await writing;
        Assert.Empty(_gateway.Upstream.Calls);
    }

    [Fact]
    public async Task Result_WithLineBreaks_IsOneLine()
    {
        _gateway.Upstream.Result = "{\"content\":[\n],\r\n\"x\":1.50}";
        await SendAsync(Initialize, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}""");

        Assert.Equal("1.50", (await AnswersAsync(2))["1"].GetProperty("result").GetProperty("x").GetRawText());
    }

    [Fact]
    public async Task Discover_OfAProbe_IsAnsweredAndBeginsNoWork()
    {
        await SendAsync(ModernClient.Body("server/discover"));

        Assert.Equal("""["2026-07-28"]""", (await AnswerAsync()).GetProperty("result").GetProperty("supportedVersions").GetRawText());
        Assert.Null(_life.Initialized);
    }

    [Fact]
    public async Task Initialize_OfAClientWhoseProbeTookTooLong_IsServed()
    {
        await SendAsync(ModernClient.Body("server/discover"), Initialize);

        var answers = new[] { await AnswerAsync(), await AnswerAsync() };

        Assert.Contains(answers, answer => answer.GetProperty("result").TryGetProperty("supportedVersions", out _));
        Assert.Contains(answers, answer => answer.GetProperty("result").TryGetProperty("protocolVersion", out _));
    }

    [Fact]
    public async Task Call_OfTheStatelessRevision_IsServedVerbatimAndBeginsWork()
    {
        _gateway.Upstream.Result = """{"content":[],"x":1.50}""";
        await SendAsync(ModernClient.Body("tools/call", "\"name\":\"echo\",\"arguments\":{\"n\":1.50},"));

        Assert.Equal("""{"resultType":"complete","content":[],"x":1.50}""", (await AnswerAsync()).GetProperty("result").GetRawText());
        Assert.Contains("\"arguments\":{\"n\":1.50}", _gateway.Upstream.Calls.Single(), StringComparison.Ordinal);
        Assert.NotNull(_life.Initialized);
    }

    [Fact]
    public async Task Task_OfAParkedCall_IsWithdrawnByItsHandle()
    {
        var declared = ModernClient.Meta(ModernClient.TasksCapability);
        await SendAsync(ModernClient.Body("tools/call", "\"name\":\"pay\",", declared));
        var task = (await AnswerAsync()).GetProperty("result");
        var member = $"\"taskId\":\"{task.GetProperty("taskId").GetString()}\",";

        await SendAsync(ModernClient.Body("tasks/cancel", member, declared));
        await AnswerAsync();
        await SendAsync(ModernClient.Body("tasks/get", member, declared));

        Assert.Equal(("working", "cancelled"), (task.GetProperty("status").GetString(), (await AnswerAsync()).GetProperty("result").GetProperty("status").GetString()));
    }

    [Fact]
    public async Task Task_OfAParkedCall_AfterItsApprovalHasTheResult()
    {
        var declared = ModernClient.Meta(ModernClient.TasksCapability);
        await SendAsync(ModernClient.Body("tools/call", "\"name\":\"pay\",", declared));
        var id = (await AnswerAsync()).GetProperty("result").GetProperty("taskId").GetString()!;
        await _gateway.Gateway.ApproveAsync(id);

        var task = default(JsonElement);
        await Eventually.TrueAsync(
            async () =>
            {
                await SendAsync(ModernClient.Body("tasks/get", $"\"taskId\":\"{id}\",", declared));
                return (task = (await AnswerAsync()).GetProperty("result")).GetProperty("status").GetString() != "working";
            },
            () => $"it stays {task}");

        Assert.Equal(("completed", _gateway.Upstream.Result), (task.GetProperty("status").GetString(), task.GetProperty("result").GetRawText()));
        Assert.Single(_gateway.Upstream.Calls);
    }

    [Fact]
    public async Task Change_OfTheTools_IsToldOnlyToThoseWhoListen()
    {
        await SendAsync(ModernClient.Body("tools/list"));
        await AnswerAsync();
        _gateway.RaiseChanged();
        await SendAsync(ModernClient.Body("subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true},"));
        Assert.Equal("notifications/subscriptions/acknowledged", (await AnswerAsync()).GetProperty("method").GetString());
        _gateway.RaiseChanged();

        var change = await AnswerAsync();
        Assert.Equal("notifications/tools/list_changed", change.GetProperty("method").GetString());
        Assert.Equal(7, change.GetProperty("params").GetProperty("_meta").GetProperty("io.modelcontextprotocol/subscriptionId").GetInt32());

        await SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}""", ModernClient.Body("tools/list").Replace("\"id\":7", "\"id\":8", StringComparison.Ordinal));
        Assert.Equal(8, (await AnswerAsync()).GetProperty("id").GetInt32());
    }

    [Fact]
    public async Task EndOfInput_WithACallInFlight_EndsTheSessionWithoutIt()
    {
        await SendAsync(Initialize, """{"jsonrpc":"2.0","method":"notifications/initialized"}""", """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}""");
        await Eventually.TrueAsync(() => !_gateway.Upstream.Calls.IsEmpty, () => "the call never arrived");
        Assert.NotNull(_life.Initialized);

        await _stdin.Writer.CompleteAsync();
        await _serving.WaitAsync(Eventually.Limit);

        Assert.False(_gateway.Upstream.Release.Task.IsCompleted);
        Assert.False(_life.MayClaim);
    }

    [Fact]
    public async Task EndOfInput_RightAfterARequest_StillAnswersIt()
    {
        await SendAsync(Initialize, """{"jsonrpc":"2.0","id":1,"method":"ping"}""");
        await _stdin.Writer.CompleteAsync();

        Assert.Contains("1", (await AnswersAsync(2)).Keys);
    }

    [Fact]
    public async Task Cancelled_WhileACallRuns_LeavesItUnansweredAndTheSessionAlive()
    {
        await SendAsync(Initialize, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}""");
        await Eventually.TrueAsync(() => !_gateway.Upstream.Calls.IsEmpty, () => "the call never arrived");

        await SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""", """{"jsonrpc":"2.0","id":2,"method":"ping"}""");

        Assert.Equal(["0", "2"], (await AnswersAsync(2)).Keys.Order());
    }

    [Fact]
    public void MayClaim_OfAProcessThatWasNotInitialized_IsFalse() => Assert.False(_life.MayClaim);

    [Fact]
    public void From_WithoutAName_IsAnAgentThatCalls() => Assert.Equal(
        ("agent:stdio@me", "stdio:agent:stdio@me", "stdio", Roles.Caller), (_actor.Id, _actor.Credential, _actor.AuthMethod, _actor.Roles));

    [Fact]
    public void From_WithAListedName_HasTheRolesAndGroupsOfItsEntries()
    {
        ActorEntry[] listed = [new("alice", Roles.Approver, ["finance"], "k1"), new("alice", Roles.Operator, ["ops"], "k2")];

        var actor = StdioActor.From("alice", listed, "me");

        Assert.Equal(Roles.Approver | Roles.Operator, actor.Roles);
        Assert.Equal(["finance", "ops"], actor.Groups);
        Assert.NotEqual(actor.Session, StdioActor.From("alice", listed, "me").Session);
    }

    private async Task SendAsync(params string[] lines)
    {
        foreach (var line in lines)
        {
            await _stdin.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
        }
    }

    // Requests are served side by side, so their answers come in any order.
    private async Task<Dictionary<string, JsonElement>> AnswersAsync(int count)
    {
        var answers = new Dictionary<string, JsonElement>();
        for (var i = 0; i < count; i++)
        {
            var answer = await AnswerAsync();
            answers.Add(answer.GetProperty("id").GetRawText(), answer);
        }

        return answers;
    }

    private async Task<JsonElement> AnswerAsync() => JsonElement.Parse((await _answers.ReadLineAsync().WaitAsync(Eventually.Limit))!);
}
