using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ChildProcess = McpGovern.Tests.Processes.ChildProcess;

namespace McpGovern.Tests.Cli;

/// <summary>A client's file before an import, after it, and after it was undone.</summary>
public sealed class ImportTests : IDisposable
{
    private const string Backup = ".before-mcpgovern", Secret = "s3cret-of-the-server";

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    /// <summary>The client, its file, and the text before, in and behind its block of servers.</summary>
    public static TheoryData<string, string, string, string, string> Files => new()
    {
        { "claude-desktop", ".config/Claude/claude_desktop_config.json", "{\n  \"mcpServers\": ", $$"""{ "files": { "command": "npx", "args": ["-y", "x"], "env": { "KEY": "{{Secret}}" } } }""", "\n}\n" },
        { "claude-code", ".mcp.json", "{\n    \"mcpServers\": ", "{\n        \"a\": { \"type\": \"http\", \"url\": \"https://a.example/mcp\" },\n        \"b c\": { \"command\": \"b\" }\n    }", ",\n    \"theme\": \"\\u0064ark\"   ,\n    \"n\": 1.00\n}" },
        { "claude-code", ".claude.json", """{"projects":{"/x":{"mcpServers":{"other":{}}}},"mcpServers":""", """{"a":{"command":"b"}}""", ""","numStartups":7}""" },
        { "cursor", ".cursor/mcp.json", "\uFEFF{\r\n\t\"mcpServers\": ", "{\r\n\t\t\"a\": {\r\n\t\t\t\"command\": \"b\",\r\n\t\t},\r\n\t}", "\r\n}\r\n" },
        { "vscode", ".vscode/mcp.json", "// ours\n{\n  /* to ask */ \"inputs\": [],\n  \"servers\": ", "{\n    \"a\": { \"type\": \"stdio\", \"command\": \"b\", \"args\": [\"\\ud83d\\ude00 \\/ \\\" \u00e9 # - : *x\"] }\n  }", ", // that was it\n}\n" },
        { "vscode", ".config/Code/User/mcp.json", "{\n  \"servers\": ", """{ "a": { "command": "b", "env": { "T": "${HOME}", "E": "" } } }""", "\n}" },
        { "gemini", ".gemini/settings.json", "{\n  \"ui\": { \"theme\": \"x\" },\n  \"mcpServers\": ", """{ "a": { "command": "b" } }""", "\n}\n" },
        { "odd/servers.json", "odd/servers.json", "{\n \"mcpServers\": ", """{ "a": { "command": "b" } }""", "\n}\n" },
    };

    [Theory, MemberData(nameof(Files))]
    public async Task Import_OfAClient_MovesItsServersAndUndoesItByteForByte(string from, string file, string before, string block, string behind)
    {
        var original = Encoding.UTF8.GetBytes(before + block + behind);
        WriteBytes(file, original);

        Succeeded(await GovernProcess.RunInAsync(home, "import", "--from", from));

        var rewritten = File.ReadAllText(home.File(file), new UTF8Encoding(false));
        Assert.StartsWith(before.TrimStart('\uFEFF'), rewritten.TrimStart('\uFEFF'), StringComparison.Ordinal);
        Assert.EndsWith(behind, rewritten, StringComparison.Ordinal);
        Assert.Equal(before.StartsWith('\uFEFF'), File.ReadAllBytes(home.File(file))[0] == 0xEF);
        var (name, entry) = Assert.Single(Servers(rewritten));
        Assert.Equal("mcpgovern", name);
        Assert.Equal(["stdio", "--settings", home.File("mcpgovern.yaml")], entry!["args"]!.AsArray().Select(arg => (string)arg!).TakeLast(3));
        Assert.Equal(before.Contains("\r\n", StringComparison.Ordinal), !rewritten.Replace("\r\n", "", StringComparison.Ordinal).Contains('\n', StringComparison.Ordinal) && rewritten.Contains('\n', StringComparison.Ordinal));
        Assert.Equal(original, File.ReadAllBytes(home.File(file + Backup)));
        Assert.Contains(block.ReplaceLineEndings("\n"), File.ReadAllText(home.File("mcpgovern.yaml")), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, rewritten, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(home.File("mcpgovern.yaml")) | File.GetUnixFileMode(home.File(file + Backup)));
        }

        Succeeded(await GovernProcess.RunInAsync(home, "import", "--undo", "--from", from));

        Assert.Equal(original, File.ReadAllBytes(home.File(file)));
        Assert.False(File.Exists(home.File(file + Backup)));
    }

    [Fact]
    public async Task Import_OfARealServer_LeavesTheClientWithAnEntryThatServesIt()
    {
        var (command, args) = FakeUpstreamOptions.CommandLine();
        var file = home.WriteJson(".mcp.json", new { mcpServers = new { fake = new { command, args } } });

        Succeeded(await GovernProcess.RunInAsync(home, "import"));

        Succeeded(await GovernProcess.RunInAsync(home, "doctor"));
        var entry = Servers(File.ReadAllText(file)).Single().Value!;
        await using var process = new ChildProcess((string)entry["command"]!, entry["args"]!.AsArray().Select(arg => (string)arg!),
            new Dictionary<string, string?> { ["MCPGOVERN_STORE"] = $"sqlite:{home.File("store.db")}" }, home.Path, captureOutput: false);
        await using var client = await McpClient.CreateAsync(new StreamClientTransport(process.Input, process.RawOutput)).WaitAsync(Eventually.Limit);
        Assert.Contains("echo", (await client.ListToolsAsync()).Select(tool => tool.Name));
    }

    [Fact]
    public async Task DryRun_OfAnImport_ShowsTheDiffAndWritesNothing()
    {
        const string Text = "{\n  \"mcpServers\": {\n    \"a\": { \"command\": \"b\", \"env\": { \"T\": \"${NOT_SET_ANYWHERE}\" } }\n  },\n  \"x\": 1\n}\n";
        home.Write(".mcp.json", Text);

        var end = await GovernProcess.RunInAsync(home, "import", "--dry-run");

        Succeeded(end);
        Assert.Contains("+  default: require_approval\n", end.Output, StringComparison.Ordinal);
        Assert.Contains($"--- {home.File(".mcp.json")}\n+++ {home.File(".mcp.json")}\n@@ -1,6 +1,", end.Output, StringComparison.Ordinal);
        Assert.Contains("   \"mcpServers\": {\n-    \"a\": {", end.Output, StringComparison.Ordinal);
        Assert.Contains("+    \"mcpgovern\": {\n", end.Output, StringComparison.Ordinal);
        Assert.EndsWith("   },\n   \"x\": 1\n }\n", end.Output, StringComparison.Ordinal);
        Assert.Contains("warning: the variable NOT_SET_ANYWHERE is not set here", end.Errors, StringComparison.Ordinal);
        Assert.Equal([".mcp.json"], FilesAtHome());
        Assert.Equal(Text, File.ReadAllText(home.File(".mcp.json")));
    }

    public static TheoryData<string, string[], string> Refusals => new()
    {
        { "{ \"mcpServers\": {\n  // mine\n  \"a\": { \"command\": \"b\" } } }", [], ".mcp.json:2: a comment among the servers would be lost" },
        { """{ "mcpServers": { "a": { "command": "b", "env": { "T": "${input:token}" } } } }""", [], "${input:token} asks in a client" },
        { """{ "mcpServers": { "a": { "command": "b" }, "a": { "command": "c" } } }""", [], "'a' is given twice" },
        { """{ "mcpServers": { "a": { "command": "b" } }, "mcpServers": {} }""", ["--from", ".mcp.json"], "keep one block of servers" },
        { """{ "mcpServers": { "a": { "url": 5, "command": "b" } } }""", [], "it has both 'command' and 'url'" },
        { """{ "mcpServers": { "mcpgovern": { "command": "b" }, "a": { "command": "b" } } }""", [], "would stand before itself" },
        { """{ "mcpServers": {} }""", ["--from", "claude-code"], "it has no servers" },
        { """{ "mcpServers": [] }""", ["--from", "claude-code"], "is no block of servers" },
        { """{ "mcpServers": { "a": """, ["--from", "claude-code"], "this is not JSON" },
        { """{ "other": {} }""", ["--from", ".mcp.json"], "it has no block mcpServers or servers" },
        { """{ "mcpServers": { "\ud800": { "command": "b" } } }""", ["--from", ".mcp.json"], "no Unicode" },
        { """{ "mcpServers": { "a": { "command": "b" } } }""", ["--to", "x.json"], "no name of a YAML file" },
        { """{ "mcpServers": { "a": { "command": "b" } } }""", ["--to", "taken.yaml"], "exists, and is not written over" },
        { """{ "mcpServers": { "a": { "command": "b" } } }""", ["--undo"], "nothing was found" },
        { """{ "mcpServers": { "a": { "command": "b" } } }""", ["--undo", "--from", ".mcp.json"], "there is no backup" },
        { """{ "mcpServers": { "a": { "command": "b" } } }""", ["--from", "nowhere.json"], "the file cannot be read" },
        { """{ "mcpServers": { "a": { "command": "b" } } }""", ["--from", "cursor"], "nothing was found" },
    };

    [Theory, MemberData(nameof(Refusals))]
    public async Task Import_ThatCannotBeDoneWhole_WritesNothing(string text, string[] args, string told)
    {
        home.Write(".mcp.json", text);
        home.Write("taken.yaml", "mine");

        var end = await GovernProcess.RunInAsync(home, ["import", .. args]);

        Assert.True(end.ExitCode == 2, end.ToString());
        Assert.Contains(told, end.Errors, StringComparison.Ordinal);
        Assert.Equal([".mcp.json", "taken.yaml"], FilesAtHome());
        Assert.Equal((text, "mine"), (File.ReadAllText(home.File(".mcp.json")), File.ReadAllText(home.File("taken.yaml"))));
    }

    [Fact]
    public async Task Import_WithServersOfSeveralClients_GuessesNone()
    {
        home.Write(".mcp.json", """{ "mcpServers": { "a": { "command": "b" } } }""");
        home.Write(".cursor/mcp.json", """{ "mcpServers": { "a": { "command": "b" } } }""");

        var end = await GovernProcess.RunInAsync(home, "import");

        Assert.True(end.ExitCode == 2, end.ToString());
        Assert.Contains("(claude-code)", end.Errors, StringComparison.Ordinal);
        Assert.Contains("(cursor); name one with --from", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_ASecondTime_KeepsTheFirstBackup()
    {
        home.Write(".mcp.json", """{ "mcpServers": { "a": { "command": "b" } } }""");
        Succeeded(await GovernProcess.RunInAsync(home, "import"));
        var backup = File.ReadAllText(home.File(".mcp.json" + Backup));
        var again = home.Write(".mcp.json", """{ "mcpServers": { "c": { "command": "d" } } }""");

        var end = await GovernProcess.RunInAsync(home, "import", "--to", "second.yaml");

        Assert.True(end.ExitCode == 2, end.ToString());
        Assert.Contains("there is a backup of an earlier import", end.Errors, StringComparison.Ordinal);
        Assert.Equal(backup, File.ReadAllText(home.File(".mcp.json" + Backup)));
        Assert.Contains("\"c\"", File.ReadAllText(again), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Undo_AfterTheClientWroteMore_KeepsThat()
    {
        var file = home.Write(".claude.json", "{\n  \"starts\": 1,\n  \"mcpServers\": { \"a\": { \"command\": \"b\" } }\n}\n");
        Succeeded(await GovernProcess.RunInAsync(home, "import"));
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"starts\": 1", "\"starts\": 2", StringComparison.Ordinal));

        Succeeded(await GovernProcess.RunInAsync(home, "import", "--undo"));

        Assert.Equal("{\n  \"starts\": 2,\n  \"mcpServers\": { \"a\": { \"command\": \"b\" } }\n}\n", File.ReadAllText(file));
    }

    [Fact]
    public async Task Undo_AfterServersWereAdded_KeepsThemAside()
    {
        const string Text = """{ "mcpServers": { "a": { "command": "b" } } }""";
        var file = home.Write(".mcp.json", Text);
        Succeeded(await GovernProcess.RunInAsync(home, "import"));
        var added = File.ReadAllText(file).Replace("\"mcpgovern\"", "\"added\": { \"command\": \"c\" }, \"mcpgovern\"", StringComparison.Ordinal);
        File.WriteAllText(file, added);

        Succeeded(await GovernProcess.RunInAsync(home, "import", "--undo"));

        Assert.Equal((Text, added), (File.ReadAllText(file), File.ReadAllText(home.File(".mcp.json.undone-mcpgovern"))));
    }

    [SkippableFact, UnsupportedOSPlatform("windows")]
    public async Task Import_OfALinkedFile_KeepsTheLinkAndTheMode()
    {
        Requirement.SkipUnless(!OperatingSystem.IsWindows(), "links and modes as Unix has them");
        var file = home.Write("dotfiles/mcp.json", """{ "mcpServers": { "a": { "command": "b" } } }""");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.CreateSymbolicLink(home.File(".mcp.json"), file);

        Succeeded(await GovernProcess.RunInAsync(home, "import"));

        Assert.Equal(file, new FileInfo(home.File(".mcp.json")).LinkTarget);
        Assert.Contains("mcpgovern", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(file));
    }

    private static void Succeeded(Finished end) => Assert.True(end.ExitCode == 0, end.ToString());

    private static JsonObject Servers(string text)
    {
        var root = JsonNode.Parse(text.TrimStart('\uFEFF'), documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
        return (root["mcpServers"] ?? root["servers"])!.AsObject();
    }

    private void WriteBytes(string file, byte[] bytes) => File.WriteAllBytes(home.Write(file, ""), bytes);

    private string[] FilesAtHome() => [.. Directory.EnumerateFiles(home.Path, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(home.Path, file)).Order(StringComparer.Ordinal)];
}
