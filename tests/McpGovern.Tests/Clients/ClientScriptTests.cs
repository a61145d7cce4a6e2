using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>The drivers against a public server with nothing between: what fails here is not the gateway's.</summary>
public sealed class ClientScriptTests
{
    [SkippableTheory, InlineData("v1"), InlineData("v2"), InlineData("v2-auto")]
    public async Task NodeClient_WithoutGateway_ListsCallsAndCancels(string sdk)
    {
        await using var client = await NodeClient.ConnectAsync(sdk, await EverythingAsync());

        Assert.Contains(await client.ListAsync(), tool => (string?)tool["name"] == "echo");
        Assert.Equal("Echo: hi", (string?)(await client.CallAsync("echo", new { message = "hi" }))["result"]!["content"]![0]!["text"]);
        var cancelled = await client.CallAsync("trigger-long-running-operation", new { duration = 30, steps = 300 }, cancelAfter: 2);
        Assert.False((bool)cancelled["ok"]!);
        Assert.Equal(0, (await client.CloseAsync()).ExitCode);
    }

    [SkippableFact]
    public async Task Inspector_WithoutGateway_CallsAndReportsToolErrors()
    {
        using var home = new TempFolder();
        var target = new ClientTarget { Command = await NodeTools.RequireAsync(), Args = [NodeTools.ServerFilesystem, home.Path] };

        var denied = await InspectorCli.CallAsync(home, target, "read_text_file", "path=/outside");
        Assert.True(denied.ExitCode == InspectorCli.ToolError, denied.ToString());

        var read = await InspectorCli.CallAsync(home, target, "read_text_file", $"path={home.Write("hello.txt", "hello")}");
        Assert.True(read.ExitCode == 0, read.ToString());
        Assert.Equal("hello", (string?)JsonNode.Parse(read.Output)!["result"]!["content"]![0]!["text"]);
    }

    private static async Task<ClientTarget> EverythingAsync() =>
        new() { Command = await NodeTools.RequireAsync(), Args = [NodeTools.ServerEverything, "stdio"] };
}
