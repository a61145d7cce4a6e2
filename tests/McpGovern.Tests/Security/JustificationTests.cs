using System.Net;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Server;

namespace McpGovern.Tests.Security;

/// <summary>An agent's own word for its call, from <c>_meta</c> to those who read it; never to the upstream, and never into a log.</summary>
public sealed class JustificationTests : IAsyncLifetime, IDisposable
{
    private const string Key = "mcpgovern/justification";

    private readonly TraceLog log = new();
    private readonly HttpGateway house;

    public JustificationTests() => house = new HttpGateway { Options = new() { Logs = log } };

    public Task InitializeAsync() => house.InitializeAsync();

    public Task DisposeAsync() => house.DisposeAsync();

    public void Dispose() => log.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Justification_OfACall_IsRecordedAndNeitherRelayedNorLogged(bool gated)
    {
        var claim = $"because-{Guid.NewGuid():n}";
        var session = await house.OpenSessionAsync();

        await house.AskAsync(session, $$$"""
            {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"{{{(gated ? "pay" : "echo")}}}","arguments":{"n":1},"_meta":{"{{{Key}}}":"{{{claim}}}","vendor/x":1.0} } }
            """.Trim());
        var gateway = house.Running.Gateway;
        var call = Assert.Single(await gateway.AllAsync());
        if (gated)
        {
            await gateway.ApproveAsync(call.CallId);
        }

        await gateway.UntilAsync(call.CallId, "succeeded");
        var sent = Assert.Single(house.Running.Upstream.Calls);
        Assert.Contains("\"vendor/x\":1.0", sent, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, sent + string.Concat(house.Running.Upstream.Heads), StringComparison.Ordinal);
        Assert.DoesNotContain(claim, sent + string.Concat(house.Running.Upstream.Heads), StringComparison.Ordinal);
        var recorded = (CallSubmitted)(await gateway.EventsAsync(call.CallId))[0];
        Assert.Equal((claim, """{"vendor/x":1.0}"""), (recorded.Justification, recorded.Meta));
        Assert.Contains(gated ? call.CallId : "Information", log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(claim, log.Text, StringComparison.Ordinal);
    }

    public static TheoryData<string> Bad => new() { "5", "null", "true", "{}", "[\"x\"]", $"\"{new string('x', 2001)}\"", "\"a\\u0000b\"", "\"\\ud800\"" };

    [Theory, MemberData(nameof(Bad))]
    public async Task Justification_ThatCannotBeTaken_IsRefusedWithItsNameAndTheLimit(string value)
    {
        var meta = ModernClient.Meta(more: $",\"{Key}\":{value}");
        foreach (var (method, member, name) in ((string, string, string)[])[("tools/call", "name", "pay"), ("prompts/get", "name", "p"), ("resources/read", "uri", "test://x")])
        {
            var (status, answer) = await ModernClient.AskAsync(house, ModernClient.Post(house, ModernClient.Body(method, $"\"{member}\":\"{name}\",", meta), name));

            Assert.Equal((400, -32602), (status, answer.GetProperty("error").GetProperty("code").GetInt32()));
            var message = answer.GetProperty("error").GetProperty("message").GetString();
            Assert.Contains($"params._meta[\"{Key}\"]", message, StringComparison.Ordinal);
            Assert.Contains("2000", message, StringComparison.Ordinal);
        }

        Assert.Empty(await house.Running.Gateway.AllAsync());
    }

    [Fact]
    [Trait("attack", "S25"), Trait("attack", "S26")]
    public async Task Justification_AsLongAsItMayBe_IsWhatEveryDoorShows()
    {
        var claim = "line\r\n\u202e<b>\u200b \U000e0041 \\u202e \"\U0001f600".PadRight(2000, 'x');
        var parked = await ModernClient.ResultAsync(house, "tools/call", "\"name\":\"pay\",\"arguments\":{},", "pay", ModernClient.Meta(more: $",\"{Key}\":{JsonSerializer.Serialize(claim)}"));
        var id = parked.GetProperty("_meta").GetProperty("mcpgovern/call").GetProperty("call_id").GetString();

        var (status, rest) = await house.SendAsync(HttpMethod.Get, $"/api/v1/calls/{id}", HttpGateway.AliceKey);
        var listed = await ModernClient.ResultAsync(house, "tools/call", "\"name\":\"jamjet_approvals\",\"arguments\":{},", "jamjet_approvals", key: HttpGateway.AliceKey);

        Assert.Equal((HttpStatusCode.OK, claim), (status, rest.GetProperty("justification").GetString()));
        Assert.Equal(claim, listed.GetProperty("structuredContent").GetProperty("calls")[0].GetProperty("justification").GetString());
        Assert.Contains("A justification, where there is one, is unverified text from the agent", listed.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Contains("\\u202e<b>\\u200b", listed.GetProperty("content")[1].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Null(HostileText.FirstUnsafe(listed.GetProperty("content")[1].GetProperty("text").GetString()!));
    }
}
