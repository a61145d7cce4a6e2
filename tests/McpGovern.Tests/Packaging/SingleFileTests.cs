using System.Runtime.InteropServices;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ChildProcess = McpGovern.Tests.Processes.ChildProcess;

namespace McpGovern.Tests.Packaging;

/// <summary>The one file that needs no .NET, alone in a folder of its own, where no .NET is to be found.</summary>
[Collection(nameof(Yard)), Trait("Speed", "slow")]
public sealed class SingleFileTests(Yard yard) : IDisposable
{
    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [SkippableFact]
    public async Task SingleFile_WithNothingBesideIt_ParksApprovesAndRunsACall()
    {
        Requirement.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture == Architecture.X64, "Linux on x64, which the file is for");
        var program = await yard.SingleFileAsync();
        Assert.Single(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(program)!));
        var (command, args) = FakeUpstreamOptions.CommandLine("--ledger", home.File("ledger"));
        Requirement.SkipUnless(Path.IsPathRooted(command), "tests that run under dotnet itself, since the file's own PATH is empty");
        home.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = $"sqlite:{home.File("store.db")}",
            hold = "0s",
            policy = new { @default = "deny", require_approval_for = new[] { "fake.echo" } },
            mcpServers = new { fake = new { command, args } },
        });

        await using var process = Start(program, captureOutput: false, "stdio");
        await using var client = await McpClient.CreateAsync(new StreamClientTransport(process.Input, process.RawOutput)).WaitAsync(Eventually.Limit);
        Assert.Contains("echo", (await client.ListToolsAsync()).Select(tool => tool.Name));
        var parked = ((TextContentBlock)(await client.CallToolAsync("echo", new Dictionary<string, object?> { ["n"] = 1 })).Content[0]).Text;
        var id = parked[parked.IndexOf("call_", StringComparison.Ordinal)..][.."call_0123456789abcdef0123456789abcdef".Length];
        Assert.False(File.Exists(home.File("ledger")) && File.ReadAllText(home.File("ledger")).Contains("echo", StringComparison.Ordinal));

        await using var approve = Start(program, captureOutput: true, "approve", id);
        var approved = await approve.EndAsync();

        Assert.True(approved.ExitCode == 0, approved.ToString());
        await Eventually.TrueAsync(() => File.Exists(home.File("ledger")) && File.ReadAllText(home.File("ledger")).Contains("""echo {"n":1}""", StringComparison.Ordinal), () => process.Errors);
    }

    private ChildProcess Start(string program, bool captureOutput, params string[] args) => new(program, args, new Dictionary<string, string?>
    {
        ["HOME"] = home.Path,
        ["PATH"] = home.File("nothing"),
        ["DOTNET_ROOT"] = null,
        ["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = null,
    }, home.Path, captureOutput);
}
