using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>The Inspector's command line in every way that it can be told to connect.</summary>
public sealed class InspectorMatrixTests(EverythingGateway gateway) : IClassFixture<EverythingGateway>
{
    [SkippableTheory]
    [InlineData(Door.Stdio, "legacy", false), Trait("row", "I1")]
    [InlineData(Door.Stdio, "auto", true), Trait("row", "I2")]
    [InlineData(Door.Stdio, "modern", true), Trait("row", "I3")]
    [InlineData(Door.Http, "legacy", false), Trait("row", "I4")]
    [InlineData(Door.Http, "auto", true), Trait("row", "I5")]
    [InlineData(Door.Http, "modern", true), Trait("row", "I6")]
    [InlineData(Door.Sse, null, false), Trait("row", "I7")]
    public async Task Inspector_OfAnEntry_ListsCallsAndWaitsForApprovalAsItsRevisionCan(Door door, string? era, bool polls)
    {
        var target = (await gateway.StartedAsync()).TargetOf(door) with { Era = era };
        var tools = await InspectorCli.RunFromFileAsync(target, "--method", "tools/list");
        Assert.True(tools.ExitCode == 0, tools.ToString());
        Assert.Contains(JsonNode.Parse(tools.Output)!["result"]!["tools"]!.AsArray(), tool => (string?)tool!["name"] == "echo");
        Assert.Contains("42", (await CallAsync(target, 0, "get-sum", "a=2", "b=40")).Output, StringComparison.Ordinal);

        var message = $"gated {Guid.NewGuid():n}";
        if (polls)
        {
            var asking = CallAsync(target, 0, "echo", $"message={message}");
            await gateway.ApproveAsync(message);
            Assert.Contains($"Echo: {message}", (await asking).Output, StringComparison.Ordinal);
        }
        else
        {
            var parked = await CallAsync(target, InspectorCli.ToolError, "echo", $"message={message}");
            var id = (string?)JsonNode.Parse(parked.Output)!["result"]!["_meta"]!["mcpgovern/call"]!["call_id"];
            Assert.Equal(id, await gateway.ApproveAsync(message));
            Assert.Contains($"Echo: {message}", (await CallAsync(target, 0, "jamjet_result", $"call_id={id}", "wait_seconds=50")).Output, StringComparison.Ordinal);
        }
    }

    [SkippableTheory, InlineData(Door.Http), InlineData(Door.Sse)]
    [Trait("row", "I8")]
    public async Task Inspector_OfTheFirstGeneration_ListsAndCalls(Door door)
    {
        var target = (await gateway.StartedAsync()).TargetOf(door);

        var tools = await InspectorCli.RunOldAsync(target, "--method", "tools/list");
        Assert.True(tools.ExitCode == 0 && tools.Output.Contains("get-sum", StringComparison.Ordinal), tools.ToString());
        var called = await InspectorCli.RunOldAsync(target, "--method", "tools/call", "--tool-name", "get-sum", "--tool-arg", "a=2", "b=40");
        Assert.True(called.ExitCode == 0 && called.Output.Contains("42", StringComparison.Ordinal), called.ToString());
    }

    private static async Task<Finished> CallAsync(ClientTarget target, int exitCode, string tool, params string[] arguments)
    {
        var finished = await InspectorCli.RunFromFileAsync(
            target, ["--method", "tools/call", "--tool-name", tool, .. arguments.SelectMany(argument => new[] { "--tool-arg", argument })]);
        Assert.True(finished.ExitCode == exitCode, finished.ToString());
        return finished;
    }
}
