using System.Text.Json;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ChildProcess = McpGovern.Tests.Processes.ChildProcess;

namespace McpGovern.Tests.Cli;

/// <summary><c>wrap</c> in front of a server, as a client launches it.</summary>
public sealed class WrapTests : IDisposable
{
    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task Wrap_WithoutAPolicy_AllowsRecordsAndSaysSo()
    {
        await using (var process = Start())
        await using (var client = await ConnectAsync(process))
        {
            Assert.Contains("echo", (await client.ListToolsAsync()).Select(tool => tool.Name));
            Assert.NotEqual(true, (await client.CallToolAsync("slow", new Dictionary<string, object?> { ["ms"] = 1 })).IsError);
            await Eventually.TrueAsync(() => process.Errors.Contains("every call is ALLOWED and recorded", StringComparison.Ordinal), () => process.Errors);
        }

        var (_, call) = Assert.Single(await CallsAsync());
        Assert.Equal(("succeeded", "dotnet", "slow"), (Text(call, "status"), Text(call, "server"), Text(call, "tool")));
        Assert.Single(Ledger);
    }

    [Theory]
    [InlineData("mcpgovern-policy.yaml")]
    [InlineData(".config/mcpgovern/mcpgovern-policy.yml")]
    [InlineData("elsewhere/mine.yaml", "--policy", "elsewhere/mine.yaml")]
    public async Task Wrap_RestartedWithOtherVariables_RunsTheCallThatWasParked(string policy, params string[] options)
    {
        // Bare and governed: both name the tool of a wrapped server.
        home.Write(policy, "{ default: deny, allow: [pid], require_approval_for: [files.echo] }");
        string[] wrap = ["--name", "files", "--hold", "0s", .. options];
        await using (var process = Start(wrap))
        await using (var client = await ConnectAsync(process))
        {
            Assert.NotEqual(true, (await client.CallToolAsync("pid")).IsError);
            Assert.DoesNotContain("slow", (await client.ListToolsAsync()).Select(tool => tool.Name));
            await client.CallToolAsync("echo", new Dictionary<string, object?> { ["n"] = 1 });
            Assert.DoesNotContain("ALLOWED", process.Errors, StringComparison.Ordinal);
        }

        var (id, parked) = Assert.Single(await CallsAsync(), call => Text(call.Json, "tool") == "echo");
        Assert.Equal("pending", Text(parked, "status"));
        var approved = await GovernProcess.RunInAsync(home, "approve", id);
        Assert.True(approved.ExitCode == 0, approved.ToString());
        Assert.Empty(Ledger);

        await using var again = Start(wrap, new() { ["ANOTHER_TERMINAL"] = "yes" });
        await using var back = await ConnectAsync(again);
        // A client that only ever connects may be a throw-away probe, and for one of those nothing is run.
        await back.ListToolsAsync();
        await Eventually.TrueAsync(() => Ledger.Length == 1, () => $"it was not run: {again.Errors}");
        Assert.Equal(["""echo {"n":1}"""], Ledger);
    }

    [Fact]
    public async Task Wrap_WithVariablesOfTheClient_PassesThemOnAndKeepsOurs()
    {
        await using var process = Start(environment: new() { ["API_TOKEN"] = "of the server", ["MCPGOVERN_KEY"] = "of ours" });
        await using var client = await ConnectAsync(process);

        var seen = ((TextContentBlock)(await client.CallToolAsync("env")).Content[0]).Text.Split('\n');

        Assert.Contains("API_TOKEN=of the server", seen);
        Assert.DoesNotContain(seen, variable => variable.StartsWith("MCPGOVERN_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrap_AtTheEndOfItsInput_EndsItsServer()
    {
        await using var process = Start();
        await using var client = await ConnectAsync(process);
        var server = int.Parse(((TextContentBlock)(await client.CallToolAsync("pid")).Content[0]).Text, null);
        Assert.True(ProcessTable.IsAlive(server));

        Assert.Equal(0, (await process.EndAsync()).ExitCode);

        await ProcessTable.GoneAsync(server);
    }

    [Fact]
    public async Task Wrap_WithWordsThatMeanSomethingElsewhere_LeavesThemToTheServer()
    {
        home.Write("words", "--exit");
        await using var process = GovernProcess.StartIn(home, ["wrap", "--", "sh", "-c", "printf '%s\\n' \"$@\" > seen", "sh", "@words", "${HOME}", "--help", "--name", "--", "x"]);
        await process.EndAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""" + "\n");

        await Eventually.TrueAsync(() => File.Exists(home.File("seen")), () => process.Errors);
        Assert.Equal(["@words", "${HOME}", "--help", "--name", "--", "x"], File.ReadAllLines(home.File("seen")));
    }

    public static TheoryData<string[], string> Faults => new()
    {
        { ["--policy", "nowhere.yaml", "--", "true"], "nowhere.yaml; create it, or name another" },
        { ["--policy", "broken.yaml", "--", "true"], "broken.yaml:1: unknown key 'alow'; did you mean 'allow'?" },
        { ["--hold", "8", "--", "true"], "--hold" },
        { ["--store", "paper", "--", "true"], "--store" },
        { ["--name", "", "--", "true"], "give it one with --name" },
        { ["--"], "command" },
    };

    [Theory, MemberData(nameof(Faults))]
    public async Task Wrap_WithAFault_StartsNothing(string[] args, string told)
    {
        home.Write("broken.yaml", "{ alow: [] }");

        var end = await GovernProcess.RunInAsync(home, ["wrap", .. args]);

        Assert.True(end.ExitCode == 2, end.ToString());
        Assert.Equal("", end.Output);
        Assert.Contains(told, end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrap_WithABrokenPolicyLyingThere_DoesNotPassItOver()
    {
        home.Write("mcpgovern-policy.yaml", "{ default: sometimes }");

        var end = await GovernProcess.RunInAsync(home, "wrap", "--", "true");

        Assert.Equal((2, ""), (end.ExitCode, end.Output));
        Assert.DoesNotContain("ALLOWED", end.Errors, StringComparison.Ordinal);
    }

    private string[] Ledger => File.Exists(home.File("ledger")) ? [.. File.ReadAllLines(home.File("ledger")).Where(line => !line.StartsWith("pid", StringComparison.Ordinal))] : [];

    private ChildProcess Start(string[]? options = null, Dictionary<string, string?>? environment = null)
    {
        var (command, args) = FakeUpstreamOptions.CommandLine("--ledger", home.File("ledger"));
        return GovernProcess.StartIn(home, ["wrap", .. options ?? [], "--", command, .. args], environment, captureOutput: false);
    }

    private static Task<McpClient> ConnectAsync(ChildProcess process) =>
        McpClient.CreateAsync(new StreamClientTransport(process.Input, process.RawOutput)).WaitAsync(Eventually.Limit);

    private async Task<(string Id, JsonElement Json)[]> CallsAsync()
    {
        var end = await GovernProcess.RunInAsync(home, "approvals", "--all", "--json");
        Assert.True(end.ExitCode == 0, end.ToString());
        using var list = JsonDocument.Parse(end.Output);
        return [.. list.RootElement.GetProperty("calls").EnumerateArray().Select(call => (Text(call, "call_id"), call.Clone()))];
    }

    private static string Text(JsonElement call, string member) => call.GetProperty(member).GetString()!;
}
