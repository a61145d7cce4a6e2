using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Tests.House;
using McpGovern.Tests.Processes;
using ModelContextProtocol.Client;

namespace McpGovern.Tests.Examples;

/// <summary>What the examples' pages tell their readers to do, done on a copy.</summary>
public sealed class ExampleWalkthroughTests : IDisposable
{
    private readonly TempFolder copy = new();

    private string Payments => copy.File("examples/payments/mcpgovern.yaml");

    [Fact]
    public async Task Payments_FollowingItsPage_PaysOnce()
    {
        CopyFolder("policies");
        CopyFolder("examples/payments");

        var id = await ParkAsync();
        Assert.Contains(id, (await RunAsync("approvals")).Output, StringComparison.Ordinal);
        Assert.Contains("pay-1001", (await RunAsync("show", id)).Output, StringComparison.Ordinal);
        Assert.Empty(PaymentsExample.ReadLedger(copy.File("examples/payments/ledger.jsonl")));

        await RunAsync("approve", id, "--run");

        Assert.Contains("paid 1250.00 EUR for pay-1001", (await RunAsync("result", id)).Output, StringComparison.Ordinal);
        var line = Assert.Single(PaymentsExample.ReadLedger(copy.File("examples/payments/ledger.jsonl")));
        Assert.Equal(id, (string?)line["idempotency_key"]);
    }

    [Theory]
    [InlineData("filesystem.read_text_file", "allow")]
    [InlineData("filesystem.write_file", "require_approval")]
    [InlineData("filesystem.chmod", "deny")]
    public async Task Filesystem_ItsPolicy_DecidesAsItsPageSays(string tool, string decision)
    {
        CopyFolder("examples/filesystem");
        await using var process = new ChildProcess(
            "dotnet", [GovernProcess.Dll, "policy", "explain", "policy.yaml", "--tool", tool, "--json"], workingDirectory: copy.File("examples/filesystem"));
        var finished = await process.EndAsync();
        Assert.True(finished.ExitCode == 0, finished.ToString());
        Assert.Equal(decision, (string?)JsonNode.Parse(finished.Output)!["decision"]);
    }

    public void Dispose() => copy.Dispose();

    private async Task<string> ParkAsync()
    {
        await using var agent = await McpClient.CreateAsync(new StdioClientTransport(new()
        {
            Command = "dotnet",
            Arguments = GovernProcess.CommandLine("stdio", Payments),
            EnvironmentVariables = new Dictionary<string, string?> { ["MCPGOVERN_HOLD"] = "0s" },
        }));
        var parked = await agent.CallToolAsync(
            "submit", new Dictionary<string, object?> { ["payment_id"] = "pay-1001", ["amount"] = 1250.00m, ["currency"] = "EUR" });
        Assert.True(parked.IsError, JsonSerializer.Serialize(parked.Content));
        return (string)parked.Meta!["mcpgovern/call"]!["call_id"]!;
    }

    private async Task<Finished> RunAsync(string verb, params string[] args)
    {
        var finished = await GovernProcess.RunToEndAsync(verb, Payments, args);
        Assert.True(finished.ExitCode == 0, finished.ToString());
        return finished;
    }

    private void CopyFolder(string folder)
    {
        var files = Directory.EnumerateFiles(Repository.File(folder), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file))
            // What a reader's own try has left behind is no part of the example.
            .Where(file => !file.Contains("ledger.jsonl", StringComparison.Ordinal) && !file.Split('/', '\\').Any(part => part is "obj" or "data"));
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(copy.File(file))!);
            File.Copy(Repository.File(file), copy.File(file));
        }
    }
}
