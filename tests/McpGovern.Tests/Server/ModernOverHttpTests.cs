using System.Net;
using System.Text;
using System.Text.Json;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>The stateless 2026-07-28 revision on the same address as the sessions.</summary>
public sealed class ModernOverHttpTests(HttpGateway gateway) : IClassFixture<HttpGateway>
{
    [Fact]
    public async Task Discover_Always_NamesTheRevisionTheToolsAndTheTasksExtension()
    {
        var result = await ModernClient.ResultAsync(gateway, "server/discover");

        Assert.Equal("""["2026-07-28"]""", result.GetProperty("supportedVersions").GetRawText());
        Assert.Equal("complete", result.GetProperty("resultType").GetString());
        Assert.True(result.GetProperty("capabilities").GetProperty("tools").GetProperty("listChanged").GetBoolean());
        Assert.Equal("{}", result.GetProperty("capabilities").GetProperty("extensions").GetProperty("io.modelcontextprotocol/tasks").GetRawText());
    }

    [Fact]
    public async Task Initialize_OfASession_TellsOfNoExtension()
    {
        using var request = gateway.McpPost("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""");
        using var response = await gateway.Client.SendAsync(request);

        Assert.DoesNotContain("extensions", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpGateway.AgentKey, false)]
    [InlineData(HttpGateway.AliceKey, true)]
    public async Task List_OfEachRequest_IsThatOfItsActorAndPrivate(string key, bool decides)
    {
        var result = await ModernClient.ResultAsync(gateway, "tools/list", key: key);

        Assert.Equal(("complete", 0, "private"),
            (result.GetProperty("resultType").GetString(), result.GetProperty("ttlMs").GetInt32(), result.GetProperty("cacheScope").GetString()));
        Assert.Equal(decides, result.GetProperty("tools").EnumerateArray().Any(tool => tool.GetProperty("name").GetString() == "jamjet_approve"));
        Assert.Contains(RawUpstream.EchoDefinition[1..^1], result.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"n":1.50,"big":12345678901234567890,"e":1E+2}""")]
    [InlineData("""{"lone":"\ud800","nul":"a\u0000b","\udfff":"key"}""")]
    public async Task Call_WithAnyArguments_ArrivesVerbatimWithoutTheProtocolsOwnMeta(string arguments)
    {
        await ModernClient.ResultAsync(gateway, "tools/call", $"\"name\":\"echo\",\"arguments\":{arguments},", "echo", ModernClient.Meta(more: ",\"vendor/x\":1.0"));

        var sent = gateway.Running.Upstream.Calls.Last(body => body.Contains($"\"arguments\":{arguments}", StringComparison.Ordinal));
        Assert.Contains("\"vendor/x\":1.0", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("2026-07-28", sent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"content":[{"type":"hologram","x":1.50}],"vendor":{"a":1E2},"_meta":{"k":"\ud800"}}""")]
    [InlineData("""{"content":[],"structuredContent":{"a":"\u0000","b":12345678901234567890},"isError":true}""")]
    public async Task Result_OfAnyShape_ReturnsVerbatimAsComplete(string result)
    {
        gateway.Running.Upstream.Result = result;

        var answer = await ModernClient.ResultAsync(gateway, "tools/call", "\"name\":\"echo\",", "echo");

        Assert.Equal($"{{\"resultType\":\"complete\",{result[1..]}", answer.GetRawText());
    }

    [Fact]
    public async Task Result_ThatSaysItIsComplete_DoesNotSayItToASession()
    {
        gateway.Running.Upstream.Result = """{"resultType":"complete","content":[],"x":1.50}""";
        var session = await gateway.OpenSessionAsync();

        var (answer, _) = await gateway.AskAsync(session, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}""");

        Assert.Contains("""{"content":[],"x":1.50}""", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_WithAToken_ArrivesInOrderBeforeTheResult()
    {
        using var request = ModernClient.Post(gateway, ModernClient.Body("tools/call", "\"name\":\"steps\",", ModernClient.Meta(more: ",\"progressToken\":42")), "steps");
        using var response = await gateway.Client.SendAsync(request);

        var data = (await response.Content.ReadAsStringAsync()).Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => JsonElement.Parse(line[5..])).ToArray();
        Assert.Equal(["1.0", "2.0", "3.0"], data[..^1].Select(e => e.GetProperty("params").GetProperty("progress").GetRawText()));
        Assert.True(data[^1].TryGetProperty("result", out _));
    }

    [Theory]
    [InlineData("initialize")]
    [InlineData("ping")]
    [InlineData("logging/setLevel")]
    [InlineData("resources/subscribe")]
    [InlineData("tasks/list")]
    [InlineData("tasks/result")]
    [InlineData("no/such")]
    [Trait("row", "H9"), Trait("row", "H10")]
    public async Task Request_OfAMethodThatIsNotThere_Is404(string method)
    {
        var (status, answer) = await ModernClient.AskAsync(gateway, ModernClient.Post(gateway, ModernClient.Body(method)));

        Assert.Equal((404, -32601, 7), (status, answer.GetProperty("error").GetProperty("code").GetInt32(), answer.GetProperty("id").GetInt32()));
    }

    public static TheoryData<string, int> BadMeta => new()
    {
        { """{"io.modelcontextprotocol/clientCapabilities":{}}""", -32602 },
        { """{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}""", -32602 },
        { """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":null}""", -32602 },
        { """{"io.modelcontextprotocol/protocolVersion":"2026-07-29","io.modelcontextprotocol/clientCapabilities":{}}""", -32020 },
        { """{"io.modelcontextprotocol/protocolVersion":"2025-11-25","io.modelcontextprotocol/clientCapabilities":{}}""", -32020 },
        { """{"io.modelcontextprotocol/protocolVersion":5,"io.modelcontextprotocol/clientCapabilities":{}}""", -32020 },
        { "{}", -32602 },
    };

    [Theory, MemberData(nameof(BadMeta))]
    [Trait("row", "H7")]
    public async Task Call_WithMetaThatIsWanting_Is400AndReachesNoUpstream(string meta, int code)
    {
        var before = gateway.Running.Upstream.Calls.Count;

        var (status, answer) = await ModernClient.AskAsync(gateway, ModernClient.Post(gateway, ModernClient.Body("tools/call", "\"name\":\"echo\",", meta), "echo"));

        Assert.Equal((400, code, 7), (status, answer.GetProperty("error").GetProperty("code").GetInt32(), answer.GetProperty("id").GetInt32()));
        Assert.Equal(before, gateway.Running.Upstream.Calls.Count);
    }

    [Theory]
    [InlineData("Mcp-Method", null, -32020)]
    [InlineData("Mcp-Method", "tools/list", -32020)]
    [InlineData("Mcp-Method", "TOOLS/CALL", -32020)]
    [InlineData("Mcp-Name", null, -32020)]
    [InlineData("Mcp-Name", "pay", -32020)]
    [InlineData("Mcp-Name", "=?base64?cGF5?=", -32020)]
    [InlineData("Mcp-Name", "=?base64?%%?=", -32020)]
    [InlineData("MCP-Protocol-Version", null, -32020)]
    [InlineData("MCP-Protocol-Version", "2025-11-25", -32020)]
    [InlineData("MCP-Protocol-Version", "2099-01-01", -32020)]
    [Trait("row", "H8")]
    [Trait("attack", "S3")]
    public async Task Call_WithAHeaderThatDisagrees_Is400AndReachesNoUpstream(string header, string? value, int code)
    {
        var before = gateway.Running.Upstream.Calls.Count;
        var request = ModernClient.Post(gateway, ModernClient.Body("tools/call", "\"name\":\"echo\","), "echo");
        request.Headers.Remove(header);
        request.Headers.TryAddWithoutValidation(header, value is null ? [] : [value]);

        var (status, answer) = await ModernClient.AskAsync(gateway, request);

        Assert.Equal((400, code), (status, answer.GetProperty("error").GetProperty("code").GetInt32()));
        Assert.Equal(before, gateway.Running.Upstream.Calls.Count);
    }

    [Theory]
    [InlineData(-32601, 200)]
    [InlineData(-32020, 200)]
    [InlineData(-32050, 200)]
    [InlineData(-32021, 400)]
    public async Task Error_OfTheUpstream_IsAnAnswerLikeAnyOther(int code, int status)
    {
        gateway.Running.Upstream.Error = $$"""{"code":{{code}},"message":"theirs"}""";
        var (answered, answer) = await ModernClient.AskAsync(gateway, ModernClient.Post(gateway, ModernClient.Body("tools/call", "\"name\":\"echo\","), "echo"));
        gateway.Running.Upstream.Error = null;

        Assert.Equal((status, code, "theirs"), (answered, answer.GetProperty("error").GetProperty("code").GetInt32(), answer.GetProperty("error").GetProperty("message").GetString()));
    }

    [Fact]
    public async Task Call_WithAnEncodedName_IsServed() =>
        await ModernClient.ResultAsync(gateway, "tools/call", "\"name\":\"echo\",", "=?base64?ZWNobw==?=");

    [Fact]
    public async Task Request_OfARevisionThatIsNotServed_NamesTheOneThatIs()
    {
        var request = ModernClient.Post(gateway, ModernClient.Body("server/discover", meta: ModernClient.Meta().Replace("2026-07-28", "2099-01-01", StringComparison.Ordinal)));
        request.Headers.Remove("MCP-Protocol-Version");
        request.Headers.Add("MCP-Protocol-Version", "2099-01-01");

        var (status, answer) = await ModernClient.AskAsync(gateway, request);

        var error = answer.GetProperty("error");
        Assert.Equal((400, -32022), (status, error.GetProperty("code").GetInt32()));
        Assert.Equal("""["2026-07-28"]""", error.GetProperty("data").GetProperty("supported").GetRawText());
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Method_OtherThanPost_Is405(string method)
    {
        using var request = gateway.Request(new HttpMethod(method), "/mcp");
        request.Headers.Add("MCP-Protocol-Version", ModernClient.Version);
        using var response = await gateway.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["POST"], response.Content.Headers.Allow);
    }

    [Fact]
    [Trait("row", "H16")]
    public async Task HangingUp_WhileACallRuns_CancelsItUpstream()
    {
        bool IsCancelled() => gateway.Running.Upstream.Notifications.Any(body => body.Contains("notifications/cancelled", StringComparison.Ordinal));
        using var request = ModernClient.Post(gateway, ModernClient.Body("tools/call", "\"name\":\"slow\","), "slow");
        using var response = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await Eventually.TrueAsync(() => gateway.Running.Upstream.Calls.Any(body => body.Contains("\"slow\"", StringComparison.Ordinal)), () => "the call never arrived");
        Assert.False(IsCancelled());

        response.Dispose();

        await Eventually.TrueAsync(IsCancelled, () => "the upstream was not told");
    }

    [Fact]
    public async Task Listen_ForTools_AcknowledgesFirstAndTagsEveryChange()
    {
        using var request = ModernClient.Post(gateway, ModernClient.Body("subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true,\"promptsListChanged\":true},"));
        using var response = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);

        var ack = await NextAsync(reader);
        gateway.Running.RaiseChanged();
        var change = await NextAsync(reader);

        Assert.Equal("notifications/subscriptions/acknowledged", ack.GetProperty("method").GetString());
        Assert.Equal("""{"toolsListChanged":true,"promptsListChanged":true}""", ack.GetProperty("params").GetProperty("notifications").GetRawText());
        Assert.Equal("notifications/tools/list_changed", change.GetProperty("method").GetString());
        Assert.All([ack, change], m => Assert.Equal(7, m.GetProperty("params").GetProperty("_meta").GetProperty("io.modelcontextprotocol/subscriptionId").GetInt32()));
    }

    [Fact]
    public async Task Listen_WhenTheServerStops_Ends()
    {
        var own = new HttpGateway();
        await own.InitializeAsync();
        using var request = ModernClient.Post(own, ModernClient.Body("subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true},"));
        using var response = await own.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        await NextAsync(reader);

        var stopping = own.StopAsync();

        Assert.DoesNotContain("data:", await reader.ReadToEndAsync().WaitAsync(Eventually.Limit), StringComparison.Ordinal);
        await stopping;
        await own.DisposeAsync();
    }

    [Fact]
    public async Task Listen_OfASession_IsNotThere()
    {
        var (answer, _) = await gateway.AskAsync(await gateway.OpenSessionAsync(), """{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{}}}""");

        Assert.Contains("-32601", answer, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> NextAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync().WaitAsync(Eventually.Limit) is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal))
            {
                return JsonElement.Parse(line[5..]);
            }
        }

        throw new EndOfStreamException("the stream ended");
    }
}
