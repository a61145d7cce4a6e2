using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpGovern.Tests.Doors;

/// <summary>An agent over stdio and a person at the command line, as a user has them: real processes, killed and started again between the steps.</summary>
public sealed class CommandLineStories : IDisposable
{
    private readonly TempFolder folder = new();

    private string[] Ledger => File.Exists(folder.File("ledger")) ? File.ReadAllLines(folder.File("ledger")) : [];

    [Fact]
    public async Task Call_ParkedOverStdio_IsDecidedRunAndReadFromTheCommandLine()
    {
        var settings = Settings();
        string callId;
        await using (var agent = await LaunchAsync(settings))
        {
            callId = await ParkAsync(agent);
        }

        // The launch that asked is gone, and nobody serves.
        var list = await CliAsync(settings, "approvals", "--json");
        Assert.Equal(callId, (string?)JsonNode.Parse(list.Output)!["calls"]![0]!["call_id"]);
        var approved = await CliAsync(settings, "approve", callId);
        Assert.Equal((0, $"recorded: {callId} is approved\n"), (approved.ExitCode, approved.Output));
        Assert.Contains("runs when a serving process has fake", approved.Errors, StringComparison.Ordinal);
        Assert.Equal(3, (await CliAsync(settings, "result", callId)).ExitCode);
        Assert.Empty(Ledger);

        await using (var agent = await LaunchAsync(settings))
        {
            var result = await agent.CallToolAsync("jamjet_result", new Dictionary<string, object?> { ["call_id"] = callId, ["wait_seconds"] = 55 });
            Assert.NotEqual(true, result.IsError);
            Assert.Contains("pay-1", Assert.IsType<TextContentBlock>(result.Content[0]).Text, StringComparison.Ordinal);
        }

        Assert.Equal(["echo {\"id\":\"pay-1\"}"], Ledger);
        var printed = await CliAsync(settings, "result", callId);
        Assert.Equal(0, printed.ExitCode);
        Assert.Contains("pay-1", printed.Output, StringComparison.Ordinal);
        Assert.Contains("succeeded", (await CliAsync(settings, "show", callId)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approve_WithRun_RunsItInThatProcess()
    {
        var settings = Settings();
        await using var agent = await LaunchAsync(settings);
        var callId = await ParkAsync(agent);
        var run = await CliAsync(settings, "approve", callId, "--run", "--comment", "go");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"{callId} succeeded", run.Errors, StringComparison.Ordinal);
        Assert.Contains("pay-1", run.Output, StringComparison.Ordinal);
        Assert.Single(Ledger);
    }

    [Fact]
    public async Task Approve_OfWhatTheSamePersonAsked_IsSelfApproval()
    {
        var settings = Settings();
        await using var agent = await LaunchAsync(settings, "--as", Environment.UserName);
        var callId = await ParkAsync(agent);
        var refused = await CliAsync(settings, "approve", callId);
        Assert.Equal((4, ""), (refused.ExitCode, refused.Output));
        Assert.StartsWith("self_approval: ", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approve_OnABareStore_NeedsNoSettingsAndChangesNothingElse()
    {
        await using var agent = await LaunchAsync(Settings());
        var callId = await ParkAsync(agent);
        await using var bare = new ChildProcess("dotnet", [GovernProcess.Dll, "approve", callId, "--store", $"sqlite:{folder.File("calls.db")}"], workingDirectory: folder.Path);
        var end = await bare.EndAsync();
        Assert.True(end.ExitCode == 0, end.ToString());
        var result = await agent.CallToolAsync("jamjet_result", new Dictionary<string, object?> { ["call_id"] = callId, ["wait_seconds"] = 55 });
        Assert.NotEqual(true, result.IsError);
    }

    [Theory]
    [InlineData("agent:coder", 0, "recorded")]
    [InlineData("USER", 4, "self_approval")]
    [Trait("attack", "S8")]
    public async Task Call_AskedOverStdio_IsDecidedAtTheCommandLineByAnybodyButWhoeverAsked(string asks, int exitCode, string answer)
    {
        var settings = Settings();
        await using var agent = await LaunchAsync(settings, "--as", asks == "USER" ? Environment.UserName : asks);
        var callId = await ParkAsync(agent);

        var decided = await CliAsync(settings, "approve", callId);

        Assert.True(exitCode == decided.ExitCode, decided.ToString());
        Assert.Contains(answer, decided.Output + decided.Errors, StringComparison.Ordinal);
        // What is approved goes on at once, as far as it has got by now.
        Assert.Matches($"status          ({(exitCode == 0 ? "approved|dispatching|succeeded" : "pending")})", (await CliAsync(settings, "show", callId)).Output);
    }

    [Fact]
    public async Task Call_WithAProgressToken_HearsWhileItIsHeld()
    {
        await using var agent = await LaunchAsync(Settings(hold: "3s"));
        var heard = new System.Collections.Concurrent.ConcurrentQueue<string?>();
        var result = await agent.CallToolAsync("echo", Payment, new Heard(heard));
        Assert.True(result.IsError);
        await Eventually.TrueAsync(() => !heard.IsEmpty, () => "no progress came");
        Assert.All(heard, message => Assert.StartsWith("waiting for approval of call_", message, StringComparison.Ordinal));
    }

    public void Dispose() => folder.Dispose();

    private static Dictionary<string, object?> Payment => new() { ["id"] = "pay-1" };

    private static async Task<string> ParkAsync(McpClient agent)
    {
        var result = await agent.CallToolAsync("echo", Payment);
        Assert.True(result.IsError);
        return (string)result.Meta!["mcpgovern/call"]!["call_id"]!;
    }

    private string Settings(string hold = "0s")
    {
        var (command, args) = FakeUpstreamOptions.CommandLine("--ledger", folder.File("ledger"));
        return folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = "sqlite:./calls.db",
            hold,
            policy = new { @default = "require_approval" },
            mcpServers = new { fake = new { command, args } },
        });
    }

    private static Task<McpClient> LaunchAsync(string settings, params string[] args) =>
        McpClient.CreateAsync(new StdioClientTransport(new() { Command = "dotnet", Arguments = GovernProcess.CommandLine("stdio", settings, args) }));

    private static Task<Finished> CliAsync(string settings, string verb, params string[] args) => GovernProcess.RunToEndAsync(verb, settings, args);

    private sealed class Heard(System.Collections.Concurrent.ConcurrentQueue<string?> all) : IProgress<ModelContextProtocol.ProgressNotificationValue>
    {
        public void Report(ModelContextProtocol.ProgressNotificationValue value) => all.Enqueue(value.Message);
    }
}
