using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>The public Inspector through both doors, against two public servers.</summary>
public sealed class InspectorTests
{
    private static readonly object EverythingPolicy = new { version = 1, @default = "allow", require_approval_for = new[] { "everything.echo" } };

    private static readonly object FilesPolicy = new
    {
        version = 1,
        allow = new[] { "files.read_*", "files.list_*" },
        require_approval_for = new[] { "files.write_file" },
    };

    [SkippableTheory, InlineData(Door.Stdio), InlineData(Door.Http)]
    public async Task Inspector_OfServerEverything_ListsCallsAndGetsAnApprovedResult(Door door)
    {
        var node = await NodeTools.RequireAsync();
        await using var governed = await GovernedServer.StartAsync(
            door, "everything", _ => new { command = node, args = new[] { NodeTools.ServerEverything, "stdio" } }, EverythingPolicy);

        Assert.Contains("echo", await ListAsync(governed));
        Assert.Contains("42", TextOf(await CallAsync(governed, "get-sum", "a=2", "b=40")), StringComparison.Ordinal);

        var id = await ParkAsync(governed, "echo", "message=hi");
        await governed.RunAsync("approve", id);
        Assert.Equal("Echo: hi", TextOf(await ResultAsync(governed, id)));
    }

    [SkippableTheory, InlineData(Door.Stdio), InlineData(Door.Http)]
    public async Task Inspector_OfServerFilesystem_ReadsAtOnceAndWritesAfterApproval(Door door)
    {
        var node = await NodeTools.RequireAsync();
        await using var governed = await GovernedServer.StartAsync(
            door, "files", folder => new { command = node, args = new[] { NodeTools.ServerFilesystem, FilesOf(folder) } }, FilesPolicy);
        var target = Path.Combine(FilesOf(governed.Folder), "new.txt");

        var tools = await ListAsync(governed);
        Assert.Contains("write_file", tools);
        Assert.DoesNotContain("move_file", tools);
        Assert.Equal("hello", TextOf(await CallAsync(governed, "read_text_file", $"path={FilesOf(governed.Folder)}/hello.txt")));

        var id = await ParkAsync(governed, "write_file", $"path={target}", "content=approved");
        Assert.False(File.Exists(target), "it ran before it was approved");
        await governed.RunAsync("approve", id);
        await ResultAsync(governed, id);
        Assert.Equal("approved", await File.ReadAllTextAsync(target));
    }

    private static string FilesOf(TempFolder folder) => Path.GetDirectoryName(folder.Write("files/hello.txt", "hello"))!;

    private static async Task<string[]> ListAsync(GovernedServer governed)
    {
        var finished = await InspectorCli.RunAsync(governed.Folder, governed.Target, "--method", "tools/list");
        Assert.True(finished.ExitCode == 0, finished.ToString());
        return [.. JsonNode.Parse(finished.Output)!["result"]!["tools"]!.AsArray().Select(tool => (string)tool!["name"]!)];
    }

    private static async Task<JsonNode> CallAsync(GovernedServer governed, string tool, params string[] arguments)
    {
        var finished = await InspectorCli.CallAsync(governed.Folder, governed.Target, tool, arguments);
        Assert.True(finished.ExitCode == 0, finished.ToString());
        return JsonNode.Parse(finished.Output)!["result"]!;
    }

    /// <summary>A gated call: to the Inspector it is a tool's error, and its id is in <c>_meta</c>.</summary>
    private static async Task<string> ParkAsync(GovernedServer governed, string tool, params string[] arguments)
    {
        var finished = await InspectorCli.CallAsync(governed.Folder, governed.Target, tool, arguments);
        Assert.True(finished.ExitCode == InspectorCli.ToolError, finished.ToString());
        return (string)JsonNode.Parse(finished.Output)!["result"]!["_meta"]!["mcpgovern/call"]!["call_id"]!;
    }

    /// <summary>Over stdio the process that asks is also the one that runs the call: the asking agent's is long gone.</summary>
    private static Task<JsonNode> ResultAsync(GovernedServer governed, string id) =>
        CallAsync(governed, "jamjet_result", $"call_id={id}", "wait_seconds=50");

    private static string TextOf(JsonNode result) => string.Concat(result["content"]!.AsArray().Select(block => (string?)block!["text"]));
}
