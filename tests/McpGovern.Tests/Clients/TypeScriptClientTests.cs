using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>Both public TypeScript clients, in every revision and through every door that they know, against the public server that shows everything.</summary>
public sealed class TypeScriptClientTests(EverythingGateway gateway) : IClassFixture<EverythingGateway>
{
    [SkippableTheory]
    [InlineData("v1", Door.Stdio), Trait("row", "T1")]
    [InlineData("v1", Door.Http), Trait("row", "T2")]
    [InlineData("v1", Door.Sse), Trait("row", "T3")]
    [InlineData("v2", Door.Stdio), Trait("row", "T4")]
    [InlineData("v2", Door.Http), Trait("row", "T5")]
    [InlineData("v2", Door.Sse), Trait("row", "T6")]
    [InlineData("v2-auto", Door.Stdio), Trait("row", "T7")]
    [InlineData("v2-auto", Door.Http), Trait("row", "T8")]
    [InlineData("v2-auto", Door.Sse), Trait("row", "T9")]
    [InlineData("v2-pin", Door.Stdio), Trait("row", "T10")]
    [InlineData("v2-pin", Door.Http), Trait("row", "T11")]
    public async Task Client_OfAnyRevisionAndDoor_WorksAsIfUngoverned(string sdk, Door door)
    {
        var governed = await gateway.StartedAsync();
        // 1: it connects.
        await using var client = await NodeClient.ConnectAsync(sdk, governed.TargetOf(door));
        Assert.Equal("mcpgovern", (string?)client.Connected["server"]?["name"]);

        // 2, 3: it lists what it may request, and calls it.
        var tools = (await client.ListAsync()).Select(tool => (string)tool["name"]!).ToArray();
        Assert.Contains("get-sum", tools);
        Assert.DoesNotContain("get-env", tools);
        await AssertSumAsync(client);
        var image = await client.CallAsync("get-tiny-image", new { });
        Assert.Contains(image["result"]!["content"]!.AsArray(), block => (string?)block!["type"] == "image");

        await AssertParksAndRunsAsync(client);
        await AssertProgressAndCancelAsync(client);
        await AssertUnknownAsync(client);

        // 10: arguments of 6 MB go there and back.
        var long6 = new string('x', 6_000_000);
        Assert.Equal($"Echo: {long6}", TextOf(await client.CallAsync("echo", new { message = long6 })));

        // 11: it closes, and what it started ends.
        Assert.Equal(0, (await client.CloseAsync()).ExitCode);
    }

    /// <summary>A session outlives its server, and what was parked in it is found where it was.</summary>
    [SkippableTheory]
    [InlineData("v1", "sqlite")]
    [InlineData("v2", "postgres")]
    public async Task Client_WhoseServerIsKilled_GoesOnInItsSession(string sdk, string store)
    {
        var node = await NodeTools.RequireAsync();
        await using var governed = await GovernedServer.StartAsync(
            Door.Http, "everything", _ => new { command = node, args = new[] { NodeTools.ServerEverything, "stdio" } },
            new { version = 1, @default = "allow", require_approval_for = new[] { "everything.echo" } },
            store: store == "postgres" ? await Storage.PostgresServer.CreateDatabaseAsync() : null);
        await using var client = await NodeClient.ConnectAsync(sdk, governed.Target);
        var id = CallIdOf(await client.CallAsync("echo", new { message = "hi" }));

        await governed.RestartAsync();

        await AssertSumAsync(client);
        await governed.RunAsync("approve", id);
        Assert.Equal("Echo: hi", TextOf(await client.CallAsync("jamjet_result", new { call_id = id, wait_seconds = 50 })));
        Assert.Contains(await client.ListAsync(), tool => (string?)tool["name"] == "get-sum");
    }

    // 4, 5, 6: the first has no output schema and the second has, which clients check what claims to be structured against.
    private async Task AssertParksAndRunsAsync(NodeClient client)
    {
        var message = $"gated {Guid.NewGuid():n}";
        var echoed = await RunAfterApprovalAsync(client, "echo", new { message }, message);
        Assert.Equal($"Echo: {message}", TextOf(echoed));
        // One card for all clients: the same arguments of the same agent are the same call.
        var structured = await client.CallAsync("get-structured-content", new { location = "New York" });
        if ((bool?)structured["result"]?["isError"] == true)
        {
            var id = CallIdOf(structured);
            await (await gateway.StartedAsync()).RunAsync("approve", id);
            structured = await client.CallAsync("jamjet_result", new { call_id = id, wait_seconds = 50 });
        }

        Assert.NotNull(structured["result"]?["structuredContent"]?["temperature"]);
    }

    // 7, 8
    private static async Task AssertProgressAndCancelAsync(NodeClient client)
    {
        var steps = await client.CallAsync("trigger-long-running-operation", new { duration = 1, steps = 5 }, progress: true);
        Assert.Contains("completed", TextOf(steps), StringComparison.Ordinal);
        AssertInOrder(steps["progress"]!.AsArray());
        var cancelled = await client.CallAsync("trigger-long-running-operation", new { duration = 600, steps = 6000 }, cancelAfter: 2);
        Assert.False((bool)cancelled["ok"]!, cancelled.ToJsonString());
        await AssertSumAsync(client);
    }

    // 9: whether a tool exists is not to be learned from the answer; the name in it is the asker's own.
    private static async Task AssertUnknownAsync(NodeClient client)
    {
        var denied = await client.CallAsync("get-env", new { });
        var unknown = await client.CallAsync("no-such-tool", new { });
        Assert.True((bool?)denied["result"]?["isError"], $"{denied.ToJsonString()}\n{client.Errors}");
        Assert.Equal(denied["result"]!.ToJsonString().Replace("get-env", "no-such-tool", StringComparison.Ordinal), unknown["result"]?.ToJsonString());
    }

    private async Task<JsonNode> RunAfterApprovalAsync(NodeClient client, string tool, object arguments, string text)
    {
        var parked = await client.CallAsync(tool, arguments);
        var id = CallIdOf(parked);
        Assert.Contains(id, TextOf(parked), StringComparison.Ordinal);
        Assert.Equal(id, await gateway.ApproveAsync(text));
        return await client.CallAsync("jamjet_result", new { call_id = id, wait_seconds = 50 });
    }

    private static string CallIdOf(JsonNode parked)
    {
        Assert.True((bool?)parked["result"]?["isError"], parked.ToJsonString());
        var call = parked["result"]!["_meta"]!["mcpgovern/call"]!;
        Assert.Equal("pending", (string?)call["status"]);
        return (string)call["call_id"]!;
    }

    private static async Task AssertSumAsync(NodeClient client) =>
        Assert.Contains("42", TextOf(await client.CallAsync("get-sum", new { a = 2, b = 40 })), StringComparison.Ordinal);

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
