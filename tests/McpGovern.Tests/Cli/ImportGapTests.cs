using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Cli;

/// <summary>The corners of <c>import</c>: one project's servers among many, what is printed, and shapes that cannot be taken over.</summary>
public sealed class ImportGapTests : IDisposable
{
    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task Import_OfOneProjectsServers_LeavesAllOthersAndIsUndoneByteForByte()
    {
        var text = $$"""
            {
              "mcpServers": { "mine": { "command": "u" } },
              "projects": {
                "/other": { "mcpServers": { "theirs": { "command": "o" } } },
                "{{home.Path}}": {
                  "mcpServers": {
                    "here": { "command": "h" }
                  },
                  "mcpServers2": {}
                }
              }
            }
            """;
        var file = home.Write(".claude.json", text);

        Succeeded(await GovernProcess.RunInAsync(home, "import", "--from", "claude-code"));

        var after = JsonNode.Parse(File.ReadAllText(file))!;
        Assert.Equal(["mine"], Names(after["mcpServers"]));
        Assert.Equal(["theirs"], Names(after["projects"]!["/other"]!["mcpServers"]));
        Assert.Equal(["mcpgovern"], Names(after["projects"]![home.Path]!["mcpServers"]));
        Assert.Contains("\"here\"", File.ReadAllText(home.File("mcpgovern.yaml")), StringComparison.Ordinal);
        Assert.DoesNotContain("\"mine\"", File.ReadAllText(home.File("mcpgovern.yaml")), StringComparison.Ordinal);

        Succeeded(await GovernProcess.RunInAsync(home, "import", "--undo"));

        Assert.Equal(text, File.ReadAllText(file));
    }

    [Theory]
    [InlineData("{\"primaryApiKey\":\"s3cret\",\"mcpServers\":{\"a\":{\"command\":\"b\",\"env\":{\"T\":\"s3cret\"}},\"c\":{\"url\":\"https://x.example\",\"headers\":{\"H\":\"s3cret\"}}}}")]
    [InlineData("{\n  \"primaryApiKey\": \"s3cret\",\n  \"mcpServers\": {\n    \"a\": { \"command\": \"b\", \"env\": { \"T\": \"s3cret\" } },\n    \"c\": { \"url\": \"https://x.example\", \"headers\": { \"H\": \"s3cret\" } }\n  }\n}\n")]
    public async Task DryRun_OfImportAndUndo_PrintsNoSecret(string text)
    {
        var file = home.Write(".mcp.json", text);
        var planned = await GovernProcess.RunInAsync(home, "import", "--dry-run");
        Succeeded(await GovernProcess.RunInAsync(home, "import"));
        var back = await GovernProcess.RunInAsync(home, "import", "--undo", "--dry-run");

        Assert.All([planned, back], end =>
        {
            Succeeded(end);
            Assert.DoesNotContain("s3cret", end.ToString(), StringComparison.Ordinal);
            Assert.Contains("***", end.Output, StringComparison.Ordinal);
            Assert.Contains("https://x.example", end.Output, StringComparison.Ordinal);
        });
        Assert.Contains("s3cret", File.ReadAllText(home.File("mcpgovern.yaml")), StringComparison.Ordinal);
        Assert.Contains("mcpgovern", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"env\": { \"T\": \"${input:token}\" }", ":4: server 'a': ${input:token} asks in a client, and there is none here; write an environment variable")]
    [InlineData("\"envFile\": \".env\"", ":4: server 'a': 'envFile' is not read here; write its variables as env:")]
    public async Task Import_OfWhatOnlyTheClientCanDo_NamesThePlaceInTheClientsFile(string odd, string told)
    {
        var file = home.Write(".vscode/mcp.json", $"{{\n  \"inputs\": [{{ \"id\": \"token\" }}],\n  \"servers\": {{ \"a\": {{ \"command\": \"b\",\n    {odd} }} }}\n}}\n");

        var end = await GovernProcess.RunInAsync(home, "import");

        Assert.True(end.ExitCode == 2, end.ToString());
        Assert.Contains($"{file}{told}", end.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(home.File("mcpgovern.yaml")));
    }

    private static void Succeeded(Finished end) => Assert.True(end.ExitCode == 0, end.ToString());

    private static IEnumerable<string> Names(JsonNode? servers) => servers!.AsObject().Select(server => server.Key);
}
