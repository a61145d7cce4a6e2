using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using McpGovern.Tests.Examples;
using McpGovern.Tests.House;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Packaging;

/// <summary>The package, and what its users do with it, without a network and away from this user's own packages.</summary>
[Collection(nameof(Yard)), Trait("Speed", "slow")]
public sealed class ToolPackageTests(Yard yard) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public void ServerJson_OfTheRegistry_SaysWhatThePackageIs()
    {
        var server = JsonNode.Parse(File.ReadAllText(Repository.File("src", "McpGovern", ".mcp", "server.json")))!;
        var package = server["packages"]![0]!;
        Assert.Equal((Yard.Version, Yard.Version, "McpGovern"), ((string)server["version"]!, (string)package["version"]!, (string)package["identifier"]!));
        Assert.InRange(((string)server["description"]!).Length, 1, 100);
        Assert.Contains($"<!-- mcp-name: {server["name"]} -->", File.ReadAllText(Repository.File("README.md")), StringComparison.Ordinal);
        Assert.Contains(ImageFile.FinalStage, step => step.Instruction == "LABEL" && step.Arguments.Contains($"io.modelcontextprotocol.server.name=\"{server["name"]}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Package_Packed_IsAToolAndAnMcpServerWithAllThatItNeeds()
    {
        using var package = ZipFile.OpenRead(Path.Combine(await yard.FeedAsync(), $"McpGovern.{Yard.Version}.nupkg"));
        var names = package.Entries.Select(entry => entry.FullName).ToArray();

        await using var stream = package.GetEntry("McpGovern.nuspec")!.Open();
        var nuspec = await XDocument.LoadAsync(stream, LoadOptions.None, default);
        string[] Values(string element, string? attribute) =>
            [.. nuspec.Descendants().Where(e => e.Name.LocalName == element).Select(e => attribute is null ? e.Value : e.Attribute(attribute)!.Value)];
        Assert.Equal(["DotnetTool", "McpServer"], Values("packageType", "name").Order(StringComparer.Ordinal));
        Assert.Equal((Yard.Version, "Apache-2.0", "README.md"), (Values("version", null)[0], Values("license", null)[0], Values("readme", null)[0]));
        string[] needed = ["README.md", "LICENSE", ".mcp/server.json", "tools/net10.0/any/McpGovern.dll", "tools/net10.0/any/runtimes/linux-x64/native/libe_sqlite3.so", "tools/net10.0/any/runtimes/osx-arm64/native/libe_sqlite3.dylib", "tools/net10.0/any/runtimes/win-x64/native/e_sqlite3.dll"];
        Assert.Empty(needed.Except(names));
        // The demo's server stands in the example's place, never among our own files.
        Assert.All(names.Where(name => name.Contains("payments", StringComparison.OrdinalIgnoreCase)), name => Assert.StartsWith("tools/net10.0/any/examples/payments/server/bin/", name, StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Dnx_WithThePackageAlone_ServesAndPrintsNothingButMessages()
    {
        await RequireDnxAsync();
        var settings = home.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = $"sqlite:{home.File("store.db")}",
            policy = new { @default = "allow" },
            mcpServers = new { payments = PaymentsExample.Upstream(home.File("ledger.jsonl")) },
        });

        await using var process = await StartAsync("dotnet", "dnx", $"McpGovern@{Yard.Version}", "--source", await yard.FeedAsync(), "--yes", "--", "stdio", "--settings", settings);
        await process.Input.WriteAsync(
            """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"""u8.ToArray().Append((byte)'\n').ToArray());
        await LinesAsync(process, 1);
        await process.Input.WriteAsync("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}\n"u8.ToArray());
        await LinesAsync(process, 2);
        var end = await process.EndAsync(limit: Patience);

        var answers = end.Output.TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(0, end.ExitCode);
        Assert.Equal(Yard.Version, (string?)answers.Single(a => (int?)a["id"] == 1)["result"]!["serverInfo"]!["version"]);
        Assert.Contains("submit", answers.Single(a => (int?)a["id"] == 2)["result"]!["tools"]!.AsArray().Select(tool => (string?)tool!["name"]));
    }

    [SkippableFact]
    public async Task Import_RunByDnx_LeavesTheClientALineThatOutlivesTheCache()
    {
        await RequireDnxAsync();
        home.Write("work/.mcp.json", """{ "mcpServers": { "a": { "command": "b" } } }""");

        await using var process = await StartAsync("dotnet", "dnx", $"McpGovern@{Yard.Version}", "--source", await yard.FeedAsync(), "--yes", "--", "import", "--from", home.File("work/.mcp.json"));
        var end = await process.EndAsync(limit: Patience);

        Assert.True(end.ExitCode == 0, end.ToString());
        var entry = JsonNode.Parse(File.ReadAllText(home.File("work/.mcp.json")))!["mcpServers"]!["mcpgovern"]!;
        Assert.Equal("dnx", (string?)entry["command"]);
        Assert.Equal([$"McpGovern@{Yard.Version}", "--yes", "--", "stdio", "--settings"], entry["args"]!.AsArray().Select(arg => (string)arg!).SkipLast(1));
    }

    [Fact]
    public async Task Tool_Installed_TellsItsVersionAndPlaysTheDemo()
    {
        await using var install = await StartAsync("dotnet", "tool", "install", "McpGovern", "--tool-path", home.File("tools"));
        var installed = await install.EndAsync(limit: Patience);
        Assert.True(installed.ExitCode == 0, installed.ToString());

        await using var version = await StartAsync(home.File("tools/mcpgovern"), "--version");
        Assert.StartsWith(Yard.Version, (await version.EndAsync()).Output, StringComparison.Ordinal);
        await using var demo = await StartAsync(home.File("tools/mcpgovern"), "demo");
        var played = await demo.EndAsync(limit: Patience);
        Assert.True(played.ExitCode == 0, played.ToString());
        Assert.Contains("Done: nothing was lost, and nothing ran twice.", played.Output, StringComparison.Ordinal);
    }

    private async Task<ChildProcess> StartAsync(string program, params string[] args)
    {
        home.Write("work/nuget.config", $"""<configuration><packageSources><clear /><add key="local" value="{await yard.FeedAsync()}" /></packageSources></configuration>""");
        return new(program, args, new Dictionary<string, string?>
        {
            ["HOME"] = home.Path,
            ["TMPDIR"] = home.File("work"),
            ["XDG_CONFIG_HOME"] = home.File(".config"),
            ["XDG_DATA_HOME"] = home.File(".data"),
            ["DOTNET_CLI_HOME"] = home.Path,
            ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..")),
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
            ["NUGET_PACKAGES"] = home.File("packages"),
            ["NUGET_HTTP_CACHE_PATH"] = home.File("http"),
            // Whatever goes out comes to nothing; this machine's own addresses are still reached.
            ["HTTPS_PROXY"] = "http://127.0.0.1:1",
            ["HTTP_PROXY"] = "http://127.0.0.1:1",
            ["NO_PROXY"] = "127.0.0.1,localhost",
        }, home.File("work"));
    }

    private async Task RequireDnxAsync()
    {
        await using var help = await StartAsync("dotnet", "dnx", "--help");
        Requirement.SkipUnless((await help.EndAsync()).ExitCode == 0, "an SDK that has dnx");
    }

    private static Task LinesAsync(ChildProcess process, int count) => Eventually.TrueAsync(
        () => process.Output.Count(c => c == '\n') >= count || process.HasExited, () => $"stdout:\n{process.Output}\nstderr:\n{process.Errors}", Patience);
}
