using System.Text.Json.Nodes;

namespace McpGovern.Tests.Clients;

/// <summary>Both public TypeScript clients through both doors, against the public server that shows everything.</summary>
public sealed class TypeScriptClientTests
{
    private static readonly object Policy = new
    {
        version = 1,
        @default = "allow",
        deny = new[] { "everything.get-env" },
        require_approval_for = new[] { "everything.echo", "everything.get-structured-content" },
    };

    public static TheoryData<string, Door> Clients => new()
    {
        { "v1", Door.Stdio },
        { "v1", Door.Http },
        { "v2", Door.Stdio },
        { "v2", Door.Http },
        { "v2-auto", Door.Stdio },
        { "v2-auto", Door.Http },
    };

    [SkippableTheory, MemberData(nameof(Clients))]
    public async Task Client_OfAllowedTools_SeesThemAsIfUngoverned(string sdk, Door door)
    {
        await using var governed = await StartAsync(door);
        await using var client = await NodeClient.ConnectAsync(sdk, governed.Target);

        var tools = (await client.ListAsync()).Select(tool => (string)tool["name"]!).ToArray();
        Assert.Contains("get-sum", tools);
        Assert.DoesNotContain("get-env", tools);

        var sum = await client.CallAsync("get-sum", new { a = 2, b = 40 });
        Assert.Contains("42", TextOf(sum), StringComparison.Ordinal);

        var steps = await client.CallAsync("trigger-long-running-operation", new { duration = 1, steps = 5 }, progress: true);
        Assert.Contains("completed", TextOf(steps), StringComparison.Ordinal);
        AssertInOrder(steps["progress"]!.AsArray());

        var links = await client.CallAsync("get-tiny-image", new { });
        Assert.Contains(links["result"]!["content"]!.AsArray(), block => (string?)block!["type"] == "image");
    }

    [SkippableTheory, MemberData(nameof(Clients))]
    public async Task Client_ThatGivesUp_CanGoOnCalling(string sdk, Door door)
    {
        await using var governed = await StartAsync(door);
        await using var client = await NodeClient.ConnectAsync(sdk, governed.Target);

        var cancelled = await client.CallAsync("trigger-long-running-operation", new { duration = 600, steps = 6000 }, cancelAfter: 2);
        Assert.False((bool)cancelled["ok"]!, cancelled.ToJsonString());
        Assert.Contains("42", TextOf(await client.CallAsync("get-sum", new { a = 2, b = 40 })), StringComparison.Ordinal);
    }

    [SkippableTheory, MemberData(nameof(Clients))]
    public async Task Client_OfADeniedOrUnknownTool_GetsOneAnswer(string sdk, Door door)
    {
        await using var governed = await StartAsync(door);
        await using var client = await NodeClient.ConnectAsync(sdk, governed.Target);

        var denied = await client.CallAsync("get-env", new { });
        var unknown = await client.CallAsync("no-such-tool", new { });
        Assert.True((bool?)denied["result"]?["isError"], $"{denied.ToJsonString()}\n{client.Errors}");
        // Whether a tool exists is not to be learned from the answer; the name in it is the asker's own.
        Assert.Equal(denied["result"]!.ToJsonString().Replace("get-env", "no-such-tool", StringComparison.Ordinal), unknown["result"]?.ToJsonString());
    }

    [SkippableTheory, MemberData(nameof(Clients))]
    public async Task Client_OfAGatedTool_GetsTheResultAfterApproval(string sdk, Door door)
    {
        await using var governed = await StartAsync(door);
        await using var client = await NodeClient.ConnectAsync(sdk, governed.Target);

        // The first has no output schema and the second has: clients check what claims to be structured.
        await AssertRunsAfterApprovalAsync(governed, client, "echo", new { message = "hi" }, result =>
            Assert.Equal("Echo: hi", (string?)result["content"]![0]!["text"]));
        await AssertRunsAfterApprovalAsync(governed, client, "get-structured-content", new { location = "New York" }, result =>
            Assert.NotNull(result["structuredContent"]!["temperature"]));
    }

    private static async Task AssertRunsAfterApprovalAsync(
        GovernedServer governed, NodeClient client, string tool, object arguments, Action<JsonNode> assertResult)
    {
        var parked = await client.CallAsync(tool, arguments);
        Assert.True((bool?)parked["result"]?["isError"], parked.ToJsonString());
        var call = parked["result"]!["_meta"]!["mcpgovern/call"]!;
        Assert.Equal("pending", (string?)call["status"]);
        var id = (string)call["call_id"]!;
        Assert.Contains(id, TextOf(parked), StringComparison.Ordinal);

        var waiting = await governed.RunAsync("approvals");
        Assert.Contains(waiting["calls"]!.AsArray(), card => (string?)card!["call_id"] == id);
        Assert.Equal("recorded", (string?)(await governed.RunAsync("approve", id))["answer"]);

        var result = await client.CallAsync("jamjet_result", new { call_id = id, wait_seconds = 50 });
        Assert.True((bool)result["ok"]!, result.ToJsonString());
        assertResult(result["result"]!);
    }

    private static async Task<GovernedServer> StartAsync(Door door)
    {
        var node = await NodeTools.RequireAsync();
        return await GovernedServer.StartAsync(
            door, "everything", _ => new { command = node, args = new[] { NodeTools.ServerEverything, "stdio" } }, Policy);
    }

    private static string TextOf(JsonNode answer)
    {
        Assert.True((bool)answer["ok"]!, answer.ToJsonString());
        return string.Concat(answer["result"]!["content"]!.AsArray().Select(block => (string?)block!["text"]));
    }

    /// <summary>Never backwards. The client itself may drop the last ones, which race with the result.</summary>
    private static void AssertInOrder(JsonArray progress)
    {
        var seen = progress.Select(value => (double)value!).ToArray();
        Assert.NotEmpty(seen);
        Assert.Equal(Enumerable.Range(1, seen.Length).Select(n => (double)n), seen);
    }
}
