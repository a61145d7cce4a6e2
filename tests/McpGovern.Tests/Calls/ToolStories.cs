using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Calls;

/// <summary>What agents see of the tools behind us.</summary>
public sealed class ToolStories
{
    [Fact]
    public async Task List_WithOneUpstreamThatStartsSlowly_HasTheOthersToolsAndChangesWhenItComes()
    {
        await using var story = new Story(Story.Open);
        var slow = FakeUpstreamOptions.Config("slow", "--start-delay", "20000");
        var gateway = await story.StartAsync(serve: false, upstreams: [story.Upstream("quick"), slow]);
        gateway.Tools.Patience = TimeSpan.FromSeconds(10);
        await gateway.Upstreams.Find("quick")!.ConnectAsync(default);
        var changes = 0;
        gateway.Tools.Changed += () => Interlocked.Increment(ref changes);

        var early = await NamesAsync(gateway);
        await Eventually.TrueAsync(() => Volatile.Read(ref changes) > 0, "the change");
        var late = await NamesAsync(gateway);

        Assert.Contains("quick__echo", early);
        Assert.DoesNotContain("slow__echo", early);
        Assert.Contains("slow__echo", late);
    }

    [Fact]
    public async Task Call_OfAToolWhoseUpstreamStartsSlowly_WaitsUntilItIsThere()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync(serve: false, upstreams: [story.Upstream("fake", "--start-delay", "3000")]);
        gateway.Tools.Patience = TimeSpan.FromMilliseconds(100);

        Assert.Empty(await NamesAsync(gateway));
        Assert.False((await gateway.CallAsync("echo")).IsError);
        Assert.Single(story.Ledger);
    }

    [Fact]
    [Trait("attack", "S15")]
    public async Task List_WithAToolUnderAReservedName_LeavesItOut()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync(serve: false, upstreams: [FakeUpstreamOptions.Config("fake", "--extra", "jamjet_approve")]);

        Assert.Contains("echo", await NamesAsync(gateway));
        Assert.DoesNotContain("jamjet_approve", await NamesAsync(gateway));
        Assert.Null(await gateway.Tools.FindAsync("jamjet_approve", default));
    }

    [Fact]
    [Trait("attack", "S48")]
    public async Task List_UnderAPolicyThatDeniesATool_LeavesItOut()
    {
        await using var story = new Story("default: allow\ndeny: [fake.crash]");
        var gateway = await story.StartAsync(serve: false);

        Assert.Contains("echo", await NamesAsync(gateway));
        Assert.DoesNotContain("crash", await NamesAsync(gateway));
    }

    [Fact]
    public async Task Tools_ForAnActorWhoIsNoCaller_AreNotThere()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync(serve: false);
        var approver = Story.Alice with { Roles = Roles.Approver };

        Assert.Empty(await gateway.Tools.ListAsync(approver, default));
        var answer = Assert.IsType<CallAnswer.Result>(await gateway.Calls.HandleAsync(new ToolCallRequest(approver, "echo", "{}"), default));

        Assert.Contains(AgentText.NotAvailable, Encoding.UTF8.GetString(answer.Json.Span), StringComparison.Ordinal);
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public void Advertise_StripsWhatOnlyItsServerCouldHonour_AndKeepsTheRest()
    {
        const string Definition = """
            {"name":"t","vendor":1.0,"execution":{"taskSupport":"required"},
             "inputSchema":{"type":"object","properties":{"execution":{"type":"string","x-mcp-header":"A"},"b":{"anyOf":[{"x-mcp-header":"B"}]}}}}
            """;

        Assert.Equal(
            """{"name":"s__t","vendor":1.0,"inputSchema":{"type":"object","properties":{"execution":{"type":"string"},"b":{"anyOf":[{}]}}}}""",
            ToolJson.Advertise(Definition, "s__t"));
    }

    private static async Task<string[]> NamesAsync(Gateway gateway) =>
        [.. (await gateway.Tools.ListAsync(Story.Agent, default)).Select(tool => JsonDocument.Parse(tool).RootElement.GetProperty("name").GetString()!)];
}
