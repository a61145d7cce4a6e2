using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using Eventually = McpGovern.Tests.Processes.Eventually;

namespace McpGovern.Tests.Calls;

/// <summary>Calls that wait while the credentials of their upstream change, end, and come back.</summary>
public sealed class CredentialStories : IDisposable
{
    private const string Old = "old-token-1111", New = "new-token-2222";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task CallParkedForDays_OverHttp_IsSentWithTheCredentialOfItsDispatch()
    {
        folder.Write("token", $"{Old}\n");
        await using var web = await FakeHttpUpstream.StartAsync();
        web.Accepts = $"Bearer {Old}";
        await using var story = new Story("default: allow\nrequire_approval_for:\n  - { tools: [echo], deadline: 10d }");
        var gateway = await StartAsync(story, Http(web, "Bearer ${file:token}"));
        Assert.False((await gateway.CallAsync("cookie")).IsError);
        var callId = await gateway.ParkAsync("echo");

        story.Time.Advance(TimeSpan.FromDays(3));
        folder.Write("token", $"{New}\n");
        web.Accepts = $"Bearer {New}";
        await gateway.ApproveAsync(callId);

        await gateway.UntilAsync(callId, "succeeded");
        Assert.Equal($"Bearer {New}", web.LastHeaders["Authorization"]);
        Assert.Single(web.Ledger, line => line.StartsWith("echo", StringComparison.Ordinal));
        Assert.DoesNotContain("refused", web.Seen);
        Assert.Equal(1, web.Seen.Count(method => method == "initialize"));
    }

    [Fact]
    public async Task ApprovedCall_OverStdio_GetsAFreshChildOnlyWhenItsCredentialChanged()
    {
        folder.Write("token", Old);
        await using var story = new Story("default: allow\nrequire_approval_for: [env]");
        var gateway = await StartAsync(story, Stdio("${file:token}"));

        Assert.Contains($"TOKEN={Old}", await RunApprovedAsync(gateway, 1), StringComparison.Ordinal);
        Assert.Contains($"TOKEN={Old}", await RunApprovedAsync(gateway, 2), StringComparison.Ordinal);
        Assert.Single(Starts());
        folder.Write("token", New);

        Assert.False((await gateway.CallAsync("pid")).IsError);
        Assert.Single(Starts());
        Assert.Contains($"TOKEN={New}", await RunApprovedAsync(gateway, 3), StringComparison.Ordinal);
        Assert.Equal(2, Starts().Length);
        await ProcessTable.GoneAsync(int.Parse(Starts()[0]["start ".Length..], null));
    }

    [Fact]
    public async Task CallUnderWay_WhenItsCredentialChanges_IsNotCutOffByTheNext()
    {
        folder.Write("token", Old);
        await using var story = new Story("default: allow\nrequire_approval_for: [env]");
        var gateway = await StartAsync(story, Stdio("${file:token}"));
        var underWay = gateway.CallAsync("until", $$"""{"file":{{System.Text.Json.JsonSerializer.Serialize(folder.File("go"))}}}""");
        await Eventually.TrueAsync(() => File.Exists(folder.File("ledger")), () => "it did not begin");
        folder.Write("token", New);

        Assert.Contains($"TOKEN={New}", await RunApprovedAsync(gateway, 1), StringComparison.Ordinal);
        folder.Write("go", "");

        Assert.Equal("at last", (await underWay).Text);
    }

    [Theory]
    [InlineData("http", "headers.Authorization: ${file:token} does not exist")]
    [InlineData("stdio", "env.TOKEN: ${file:token} does not exist")]
    public async Task ApprovedCall_WhereTheCredentialIsGone_WaitsAndSaysSo_AndRunsWhenItIsBack(string transport, string why)
    {
        folder.Write("token", Old);
        await using var web = await FakeHttpUpstream.StartAsync();
        await using var story = new Story("default: allow\nrequire_approval_for: [echo]");
        var gateway = await StartAsync(story, transport == "http" ? Http(web, "${file:token}") : Stdio("${file:token}"));
        var callId = await gateway.ParkAsync("echo");
        File.Delete(folder.File("token"));
        await gateway.ApproveAsync(callId);

        await Eventually.TrueAsync(async () => (await gateway.ViewAsync(callId)).Deferred is not null, () => "it was not deferred");
        Assert.Equal("approved", (await gateway.ViewAsync(callId)).Status);
        Assert.Equal(why, (await gateway.EventsAsync(callId)).OfType<DispatchDeferred>().First().Why);
        Assert.Empty((await gateway.EventsAsync(callId)).OfType<DispatchStarted>());
        Assert.Contains("waits for its server", (await gateway.ResultAsync(callId)).Text, StringComparison.Ordinal);
        // Merely allowed ones are told at once where the credential goes with each of them.
        if (transport == "http")
            Assert.Contains(why, (await gateway.CallAsync("cookie")).Text, StringComparison.Ordinal);

        folder.Write("token", New);
        await gateway.UntilAsync(callId, "succeeded");
        Assert.Equal(1, web.Ledger.Concat(Ledger()).Count(line => line.StartsWith("echo", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Command_IsRunAgainOnceWhereWhatItSaidIsRefused()
    {
        folder.Write("token", Old);
        await using var web = await FakeHttpUpstream.StartAsync();
        web.Accepts = $"Bearer {Old}";
        await using var story = new Story("default: allow\nrequire_approval_for: [echo]");
        var gateway = await StartAsync(story, Http(web, $"Bearer {ReferringConfig.Command(folder)}"));
        var callId = await gateway.ParkAsync("echo");
        Assert.False((await gateway.CallAsync("cookie")).IsError);
        Assert.Equal(1, Runs());

        folder.Write("token", New);
        web.Accepts = $"Bearer {New}";
        await gateway.ApproveAsync(callId);

        await gateway.UntilAsync(callId, "succeeded");
        Assert.Equal((2, 1), (Runs(), web.Seen.Count(what => what == "refused")));
        Assert.Equal("CallSubmitted ToolApprovalRequired ApprovalReceived DispatchStarted CallSucceeded", await gateway.HistoryAsync(callId));
        Assert.Equal(1, web.Ledger.Count(line => line.StartsWith("echo", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Credential_ThatIsRefusedAndHasNoSuccessor_LeavesTheCallApproved_UntilThereIsOne()
    {
        folder.Write("token", Old);
        await using var web = await FakeHttpUpstream.StartAsync();
        await using var story = new Story("default: allow\nrequire_approval_for: [echo]");
        var gateway = await StartAsync(story, Http(web, "Bearer ${file:token}"));
        var callId = await gateway.ParkAsync("echo");
        web.Accepts = $"Bearer {New}";
        await gateway.ApproveAsync(callId);

        await Eventually.TrueAsync(async () => (await gateway.ViewAsync(callId)).Deferred is not null, () => "it was not deferred");
        Assert.Contains("(HTTP 401)", (await gateway.EventsAsync(callId)).OfType<DispatchDeferred>().First().Why, StringComparison.Ordinal);
        Assert.Empty(web.Ledger);
        folder.Write("token", New);

        await gateway.UntilAsync(callId, "succeeded");
        Assert.Single(web.Ledger);
    }

    [Theory]
    [InlineData("leak")]
    [InlineData("leak_and_die")]
    [Trait("attack", "S33")]
    public async Task Upstream_ThatRepeatsItsCredential_IsMaskedInRecordsAndAnswers(string tool)
    {
        folder.Write("token", Old);
        await using var web = await FakeHttpUpstream.StartAsync(extra: "leak");
        foreach (var server in tool == "leak" ? [Stdio("${file:token}"), Http(web, "Bearer ${file:token}")] : (object[])[Stdio("${file:token}")])
        {
            await using var story = new Story($"default: allow\nrequire_approval_for: [{tool}]");
            var gateway = await StartAsync(story, server);
            var callId = await gateway.ParkAsync(tool);
            await gateway.ApproveAsync(callId);
            await gateway.UntilAsync(callId, tool == "leak" ? "failed" : "outcome_unknown");

            var answer = await gateway.Queries.ResultAsync(Story.Agent, callId, "jamjet_result", default);
            var told = $"{(answer is CallAnswer.Result result ? System.Text.Encoding.UTF8.GetString(result.Json.Span) : answer)} {string.Join(' ', await gateway.EventsAsync(callId))} {gateway.Upstreams.All[0].LastFailure}";
            Assert.Contains("***", told, StringComparison.Ordinal);
            Assert.DoesNotContain(Old, told, StringComparison.Ordinal);
        }
    }

    private Task<Gateway> StartAsync(Story story, object server) => story.StartAsync(upstreams: [ReferringConfig.Read(folder, server)]);

    private object Stdio(string token) => ReferringConfig.Stdio(
        new { TOKEN = token }, "--ledger", folder.File("ledger"), "--log", folder.File("log"), "--extra", "leak", "--extra", "leak_and_die");

    private static object Http(FakeHttpUpstream web, string authorization) => new { type = "http", url = web.Config().Url, headers = new { Authorization = authorization } };

    private string[] Ledger() => File.Exists(folder.File("ledger")) ? File.ReadAllLines(folder.File("ledger")) : [];

    private string[] Starts() => [.. File.ReadAllLines(folder.File("log")).Where(line => line.StartsWith("start ", StringComparison.Ordinal))];

    private int Runs() => File.ReadAllLines(folder.File("runs")).Length;

    private static async Task<string> RunApprovedAsync(Gateway gateway, int n)
    {
        var callId = await gateway.ParkAsync("env", $$"""{"n":{{n}}}""");
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "succeeded");
        return (await gateway.ResultAsync(callId)).Text;
    }
}
