using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Tests.Calls;

/// <summary>What no standing grant covers, however wide it is, and who gives none.</summary>
public sealed class GrantLimitStories
{
    private const string ForAll = "{ default: deny, require_approval_for: [\"fake.*\"] }";

    /// <summary>What goes upstream beside the arguments is within nobody's bounds.</summary>
    [Theory]
    [InlineData(null, null, null, "approved")]
    [InlineData("""{"confirm":{"amount":9000}}""", null, null, "pending")]
    [InlineData(null, "\"s\"", null, "pending")]
    [InlineData(null, null, """{"vendor/override":{"to":"mallory"}}""", "pending")]
    [InlineData(null, null, """{"traceparent":"00-a-b-01"}""", "approved")]
    [InlineData(null, null, """{"claudecode/toolUseId":"toolu_01AbC-9"}""", "approved")]
    [InlineData(null, null, """{"claudecode/toolUseId":"toolu_01AbC-9","vendor/x":1}""", "pending")]
    [InlineData(null, null, """{"claudecode/toolUseId":{"to":"mallory"}}""", "pending")]
    [InlineData(null, null, """{"claudecode/toolUseId":"to mallory"}""", "pending")]
    [InlineData(null, null, """{"claudecode/toolUseId":"\u0074o"}""", "pending")]
    [InlineData(null, null, """{"claudecode/toolUseId":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}""", "pending")]
    public async Task Call_ThatBringsMoreThanArguments_IsCoveredByNoGrant(string? responses, string? state, string? meta, string status)
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(serve: false);
        await GiveAsync(gateway, Story.Alice, """{"amount":{"lte":100}}""");
        var request = new ToolCallRequest(Story.Agent, "echo", """{"amount":50}""")
        {
            Continues = responses is null && state is null ? null : new(null, responses, state),
            MetaJson = meta,
        };
        Assert.Equal(status, new Told(await gateway.Calls.HandleAsync(request, default)).Status);
    }

    [Fact]
    public async Task Grant_GivenAtTheCommandLine_ApprovesNothingForTheGiversOwnAgent()
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(serve: false);
        await GiveAsync(gateway, new Actor("alice", "os:al", "os") { Roles = Roles.All });
        Assert.Equal("pending", (await gateway.CallAsync("echo", by: Story.Agent with { Credential = "key:alice" })).Status);
        Assert.Equal("approved", (await gateway.CallAsync("echo", """{"n":2}""")).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("alice")]
    public async Task Grant_ByACredentialThatDecidesNothing_IsNotGiven(string approver)
    {
        await using var story = new Story($$"""{ default: deny, require_approval_for: [{ tools: "fake.*"{{(approver.Length > 0 ? ", approvers: [alice]" : "")}} }] }""");
        var gateway = await story.StartAsync(serve: false);
        Assert.Equal("not_eligible", (await AskAsync(gateway, Story.Alice with { DecidesNothing = true, Roles = Roles.Caller })).Answer);
    }

    private static async Task GiveAsync(Gateway gateway, Actor by, string? when = null) => Assert.Equal("recorded", (await AskAsync(gateway, by, when)).Answer);

    private static Task<GrantAnswer> AskAsync(Gateway gateway, Actor by, string? when = null) =>
        gateway.GrantHandler.CreateAsync(new(by, "rest", "fake.echo", "agent:coder", 10, "24h", when, "the nightly run"), default);
}
