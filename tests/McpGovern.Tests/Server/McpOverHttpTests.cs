using System.Net;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>What Streamable HTTP answers, from <c>initialize</c> to the byte.</summary>
public sealed class McpOverHttpTests(HttpGateway gateway) : IClassFixture<HttpGateway>
{
    private const string Ping = """{"jsonrpc":"2.0","id":5,"method":"ping"}""";

    [Fact]
    [Trait("attack", "S8")]
    public async Task List_OfAnAgent_HasRawDefinitionsAndHidesDeciding()
    {
        var session = await gateway.OpenSessionAsync();

        var (answer, _) = await gateway.AskAsync(session, """{"jsonrpc":"2.0","id":2,"method":"tools/list"}""");

        Assert.Contains(RawUpstream.EchoDefinition[1..^1], answer, StringComparison.Ordinal);
        Assert.Equal(["big", "echo", "pay", "slow", "steps", "jamjet_result", "jamjet_cancel"], Names(answer));
    }

    [Fact]
    public async Task List_OfAnApprover_HasDeciding()
    {
        var session = await gateway.OpenSessionAsync(HttpGateway.AliceKey);

        var (answer, _) = await gateway.AskAsync(session, """{"jsonrpc":"2.0","id":2,"method":"tools/list","params":null}""", HttpGateway.AliceKey);

        Assert.Equal(["jamjet_approvals", "jamjet_approve", "jamjet_result", "jamjet_cancel"], Names(answer).Where(name => name.StartsWith("jamjet_", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{"n":1.50,"big":12345678901234567890,"e":1E+2}""")]
    [InlineData("""{"lone":"\ud800","nul":"a\u0000b","\udfff":"key"}""")]
    [InlineData("""{"nested":{"a":[1,{"b":null}]},"é":"ü"}""")]
    public async Task Call_WithAnyArguments_ArrivesVerbatim(string arguments)
    {
        var session = await gateway.OpenSessionAsync();

        await gateway.CallAsync(session, "echo", arguments);

        Assert.Contains(gateway.Running.Upstream.Calls, body => body.Contains($"\"arguments\":{arguments}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"content":[{"type":"hologram","x":1.50}],"vendor":{"a":1E2},"_meta":{"k":"\ud800"}}""")]
    [InlineData("""{"content":[],"structuredContent":{"a":"\u0000","b":12345678901234567890},"isError":true}""")]
    [Trait("row", "U2"), Trait("row", "U3")]
    public async Task Result_OfAnyShape_ReturnsVerbatim(string result)
    {
        var session = await gateway.OpenSessionAsync();
        gateway.Running.Upstream.Result = result;

        var (answer, _) = await gateway.AskAsync(session, """{"jsonrpc":"2.0","id":"s","method":"tools/call","params":{"name":"echo"}}""");

        Assert.Contains($"\"result\":{result}", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_OfSixMegabytes_Returns()
    {
        var session = await gateway.OpenSessionAsync();

        var result = await gateway.CallAsync(session, "big", "{}");

        Assert.Equal(6_000_000, result.GetProperty("content")[0].GetProperty("text").GetString()!.Length);
    }

    [Theory]
    [InlineData("\"tok\"")]
    [InlineData("42")]
    public async Task Progress_WithAToken_ArrivesInOrderBeforeTheResult(string token)
    {
        var session = await gateway.OpenSessionAsync();

        var (_, before) = await gateway.AskAsync(session, $$$"""{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"steps","_meta":{"progressToken":{{{token}}},"mcpgovern/idempotency-key":"k","vendor/x":1.0} } }""");

        Assert.Equal(["1.0", "2.0", "3.0"], before.Select(e => JsonElement.Parse(e).GetProperty("params").GetProperty("progress").GetRawText()));
        Assert.All(before, e => Assert.Equal(token, JsonElement.Parse(e).GetProperty("params").GetProperty("progressToken").GetRawText()));
        var sent = gateway.Running.Upstream.Calls.Last(body => body.Contains("\"steps\"", StringComparison.Ordinal));
        Assert.Contains("\"vendor/x\":1.0", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("\"mcpgovern/idempotency-key\":\"k\"", sent, StringComparison.Ordinal);
    }

    public static TheoryData<string, int, int> BadMessages => new()
    {
        { "{", 400, -32700 },
        { "[" + Ping + "]", 400, -32600 },
        { """{"jsonrpc":"2.0","id":null,"method":"ping"}""", 400, -32600 },
        { """{"jsonrpc":"2.0","id":1.5,"method":"ping"}""", 400, -32600 },
        { """{"jsonrpc":"1.0","id":1,"method":"ping"}""", 400, -32600 },
        { """{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}""", 400, -32600 },
        { """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":[1]}}""", 400, -32602 },
        { """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":1,"a":2}}}""", 400, -32600 },
        { """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"pay"}}""", 400, -32600 },
        { """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}""", 400, -32602 },
        { """{"jsonrpc":"2.0","id":1,"method":"no/such"}""", 200, -32601 },
        { $$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":{{new string('[', 64)}}{{new string(']', 64)}} } } }""", 400, -32700 },
        { """{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","params":{"name":"echo"}}""", 400, -32600 },
    };

    [Theory, MemberData(nameof(BadMessages))]
    [Trait("row", "H11"), Trait("row", "H12"), Trait("row", "H13")]
    [Trait("attack", "S46"), Trait("attack", "S23")]
    public async Task Post_OfABadMessage_IsAnsweredAndReachesNoUpstream(string body, int status, int code)
    {
        var session = await gateway.OpenSessionAsync();
        var before = gateway.Running.Upstream.Calls.Count;
        using var request = gateway.McpPost(body, session);
        using var response = await gateway.Client.SendAsync(request);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains($"\"code\":{code}", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(before, gateway.Running.Upstream.Calls.Count);
    }

    [Fact]
    [Trait("row", "H14")]
    [Trait("attack", "S7")]
    public async Task Post_OfTooManyBytes_Is413()
    {
        using var request = gateway.McpPost($$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":"{{new string('x', 33_000_000)}}"} } }""");
        request.Headers.ExpectContinue = true;
        using var response = await gateway.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    [Trait("row", "H3")]
    public async Task Post_OfAnotherRevision_NamesThoseThatAreServed()
    {
        using var request = gateway.McpPost("""{"jsonrpc":"2.0","id":9,"method":"server/discover"}""");
        request.Headers.Add("MCP-Protocol-Version", "1999-01-01");
        using var response = await gateway.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(9, error.GetProperty("id").GetInt32());
        Assert.Equal(-32022, error.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Contains("2025-11-25", error.GetProperty("error").GetProperty("data").GetProperty("supported").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("row", "H1"), Trait("row", "H2")]
    [Trait("attack", "S10")]
    public async Task Session_MissingUnknownForeignOrEnded_IsRefused()
    {
        var session = await gateway.OpenSessionAsync();
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(gateway.McpPost(Ping)));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(gateway.McpPost(Ping, new string('0', 32))));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(gateway.McpPost(Ping, session, HttpGateway.OtherAgentKey)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway.McpPost(Ping, session)));
        var delete = gateway.Request(HttpMethod.Delete, "/mcp");
        delete.Headers.Add("Mcp-Session-Id", session);
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(delete));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(gateway.McpPost(Ping, session)));
    }

    [Theory]
    [InlineData("application/json", "application/json", 406)]
    [InlineData("text/event-stream", "application/json", 406)]
    [InlineData("application/json, text/event-stream", "text/plain", 415)]
    [InlineData("*/*", "application/json; charset=utf-8", 200)]
    [Trait("row", "H6")]
    public async Task Post_WithAcceptAndContentType_IsJudged(string accept, string content, int status)
    {
        var request = gateway.McpPost(Ping, await gateway.OpenSessionAsync());
        request.Headers.Remove("Accept");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Content!.Headers.Remove("Content-Type");
        request.Content.Headers.TryAddWithoutValidation("Content-Type", content);

        Assert.Equal(status, (int)await StatusAsync(request));
    }

    [Fact]
    [Trait("row", "H15")]
    public async Task Get_DroppedAndOpenedAgain_StillHearsOfChanges()
    {
        var session = await gateway.OpenSessionAsync();
        for (var round = 0; round < 2; round++)
        {
            using var response = await ListenAsync(session);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
            Assert.Equal(": keepalive", await reader.ReadLineAsync());
            gateway.Running.RaiseChanged();
            await Eventually.TrueAsync(async () => (await reader.ReadLineAsync())?.Contains("notifications/tools/list_changed", StringComparison.Ordinal) == true, () => "no change was announced");
        }
    }

    [Fact]
    [Trait("row", "H15")]
    public async Task Get_OpenedAgain_BringsWhatWasMissed()
    {
        var session = await gateway.OpenSessionAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                // What is written before the server notices that its client is gone is lost with the connection.
                (await ListenAsync(session)).Dispose();
                await Task.Delay(50);
                gateway.Running.RaiseChanged();
                using var response = await ListenAsync(session);
                using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
                return (await reader.ReadLineAsync() + await reader.ReadLineAsync()).Contains("list_changed", StringComparison.Ordinal);
            },
            () => "what was said in between is lost");
    }

    /// <summary>In the revisions with sessions hanging up says nothing of the call, and nobody takes a silent response for dead.</summary>
    [Fact]
    [Trait("row", "H16")]
    public async Task HangingUp_WhileACallRuns_DoesNotCancelIt()
    {
        await using var own = await HttpGateway.StartAsync(options => options);
        var session = await own.OpenSessionAsync();
        var asked = TimeProvider.System.GetTimestamp();
        var response = await own.BeginAsync(own.McpPost("""{"jsonrpc":"2.0","id":78,"method":"tools/call","params":{"name":"slow"}}""", session));
        Assert.True(TimeProvider.System.GetElapsedTime(asked) < TimeSpan.FromSeconds(10), "the headers waited for the answer");
        await Eventually.TrueAsync(() => !own.Running.Upstream.Calls.IsEmpty, () => "the call never arrived");

        response.Dispose();
        await own.AskAsync(session, Ping);
        own.Running.Upstream.Release.TrySetResult();

        await Eventually.TrueAsync(
            async () => (await own.Running.Gateway.Store.ListAsync(new([], 10), default)).Calls.Any(call => call.Events[^1] is CallSucceeded),
            () => "the call was not recorded as run");
        Assert.DoesNotContain(own.Running.Upstream.Notifications, body => body.Contains("notifications/cancelled", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("row", "H15")]
    public async Task Get_OpenedTwice_EndsTheFirst()
    {
        var session = await gateway.OpenSessionAsync();
        using var first = await ListenAsync(session);
        using var second = await ListenAsync(session);

        await first.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
    }

    [Fact]
    public async Task Cancelled_WhileACallRuns_EndsItsResponseWithoutAnAnswer()
    {
        var session = await gateway.OpenSessionAsync();
        using var request = gateway.McpPost("""{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"slow"}}""", session);
        using var response = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await Eventually.TrueAsync(() => gateway.Running.Upstream.Calls.Any(body => body.Contains("\"slow\"", StringComparison.Ordinal)), () => "the call never arrived");

        Assert.Equal(HttpStatusCode.Accepted, await StatusAsync(gateway.McpPost("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}""", session)));

        Assert.DoesNotContain("\"id\":77", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> ListenAsync(string session)
    {
        var response = await gateway.BeginAsync(gateway.McpGet(session));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    private async Task<HttpStatusCode> StatusAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await gateway.Client.SendAsync(request);
            await response.Content.ReadAsByteArrayAsync();
            return response.StatusCode;
        }
    }

    private static string[] Names(string answer) =>
        [.. JsonElement.Parse(answer).GetProperty("result").GetProperty("tools").EnumerateArray().Select(tool => tool.GetProperty("name").GetString()!)];
}
