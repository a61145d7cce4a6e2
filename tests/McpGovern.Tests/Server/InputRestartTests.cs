using System.Text.Json;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Server;

/// <summary>What outlives the process: a client's way between two rounds, and what was learnt of a silent upstream.</summary>
public sealed class InputRestartTests : IDisposable
{
    private const string AgentKey = "a-key-that-only-this-test-has-9876543210";

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Rounds_WithAKillBetweenThem_GoOnAndEachRunsOnce()
    {
        var settings = Settings("--modern", "--extra", "form", "--ledger", _folder.File("ledger"));
        string state;
        await using (var first = await GovernProcess.ServeAsync(settings))
        {
            var asked = await CallAsync(first, "form");
            Assert.Equal("input_required", asked.GetProperty("resultType").GetString());
            state = asked.GetProperty("requestState").GetString()!;
            first.KillHard();
        }

        await using var second = await GovernProcess.ServeAsync(settings);
        var done = await CallAsync(second, "form", $$$$"""
            "inputResponses":{"who":{"action":"accept","content":{"name":"n"}}},"requestState":"{{{{state}}}}",
            """);

        Assert.Equal("""{"who":{"action":"accept","content":{"name":"n"}}}""", done.GetProperty("answers").GetRawText());
        Assert.Equal(["form {}", "form {}"], File.ReadAllLines(_folder.File("ledger")));
    }

    [Theory]
    [InlineData("--silent-probe")]
    [InlineData("--die-at-probe")]
    public async Task Probe_ThatFailed_IsNotRepeatedByTheNextProcess(string upstream)
    {
        var settings = Settings(upstream, "--extra", "tool", "--log", _folder.File("log"));
        for (var process = 0; process < 2; process++)
        {
            await using var serving = await GovernProcess.ServeAsync(settings);
            await CallAsync(serving, "tool");
            await serving.Process.StopAsync();
        }

        var log = File.ReadAllLines(_folder.File("log"));
        Assert.Equal((1, 2, 2), (log.Count(l => l == "server/discover"), log.Count(l => l == "initialize"), log.Count(l => l == "tools/call")));
    }

    [Fact]
    public async Task Memory_OfAnUpstreamThatHasChangedSince_HealsItself()
    {
        // The command is the same both times: what it starts is another program.
        var script = _folder.File("server.sh");
        var (command, args) = FakeUpstreamOptions.CommandLine("--extra", "tool", "--log", _folder.File("log"));
        void Become(string option) => File.WriteAllText(script, $"exec '{command}' {string.Join(' ', args.Select(a => $"'{a}'"))} {option}\n");
        var settings = Write(new { command = "/bin/sh", args = new[] { script } });
        foreach (var option in (string[])["--die-at-probe", "--modern", "--modern", "--die-at-probe", "--die-at-probe"])
        {
            Become(option);
            await using var serving = await GovernProcess.ServeAsync(settings);
            await CallAsync(serving, "tool");
            await serving.Process.StopAsync();
        }

        var log = File.ReadAllLines(_folder.File("log"));
        // One that dies of the probe is started twice once, and one that refuses the old greeting likewise.
        Assert.Equal((5, 8), (log.Count(l => l == "tools/call"), log.Count(l => l.StartsWith("start ", StringComparison.Ordinal))));
    }

    private string Settings(params string[] options)
    {
        var (command, args) = FakeUpstreamOptions.CommandLine(options);
        return Write(new { command, args });
    }

    private string Write(object server) => _folder.WriteJson("mcpgovern.json", new
    {
        version = 1,
        store = "sqlite:./store.db",
        policy = new { @default = "allow" },
        mcpServers = new { fake = server },
        actors = new[] { new { id = "agent:coder", roles = new[] { "caller" }, key = AgentKey } },
    });

    private async Task<JsonElement> CallAsync(ServingProcess serving, string tool, string members = "")
    {
        var body = ModernClient.Body("tools/call", $"\"name\":\"{tool}\",\"arguments\":{{}},{members}", ModernClient.Meta(TalkingClient.Elicits));
        var (status, answer) = await ModernClient.AskAsync(_http, ModernClient.Post(serving.McpEndpoint, AgentKey, body, tool));
        Assert.True(status == 200 && answer.TryGetProperty("result", out _), $"{status}: {answer}");
        return answer.GetProperty("result");
    }
}
