using System.Text.Json;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Cli;

/// <summary>What <c>doctor</c> says of settings, and with which exit code.</summary>
public sealed class DoctorTests : IDisposable
{
    private const string Secret = "hunter2-hunter2-hunter2";

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task Doctor_WhereAllIsWell_TellsEachAndLeavesNoChild()
    {
        Write(new { @default = "deny" }, ("old", Fake("--log", home.File("old.log"))), ("new", Fake("--modern", "--log", home.File("new.log"))));

        var end = await GovernProcess.RunInAsync(home, "doctor");

        Assert.True(end.ExitCode == 0, end.ToString());
        var lines = end.Output.TrimEnd().Split('\n');
        Assert.All(lines[..^1], line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));
        // Two of one kind have the same tools.
        Assert.StartsWith("warn  tools: called alike in several servers: new.ask, old.ask; ", lines[^1], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("server old: speaks 2025-06-18, 23 tools", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("server new: speaks 2026-07-28, 23 tools", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("store: sqlite:", StringComparison.Ordinal));
        var started = new[] { "old.log", "new.log" }.SelectMany(log => File.ReadAllLines(home.File(log))).Where(line => line.StartsWith("start ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, started.Length);
        foreach (var line in started)
        {
            await ProcessTable.GoneAsync(int.Parse(line["start ".Length..], null));
        }
    }

    [Fact]
    public async Task Doctor_WithServersThatFail_TellsEachWithItsCureAndTheRest()
    {
        Write(new { @default = "deny" },
            ("gone", new { command = "no-such-program-at-all", env = new { TOKEN = Secret } }),
            ("broken", Fake("--exit", "4")),
            ("closed", new { type = "http", url = $"http://127.0.0.1:{GovernProcess.FreePort()}/mcp", headers = new { Authorization = Secret } }),
            ("well", Fake()));

        var end = await GovernProcess.RunInAsync(home, "doctor", "--json");

        Assert.True(end.ExitCode == 1, end.ToString());
        Assert.DoesNotContain(Secret, end.ToString(), StringComparison.Ordinal);
        using var report = JsonDocument.Parse(end.Output);
        Assert.False(report.RootElement.GetProperty("ok").GetBoolean());
        var findings = report.RootElement.GetProperty("findings").EnumerateArray().ToDictionary(f => f.GetProperty("subject").GetString()!);
        Assert.Equal(["fail", "fail", "fail", "ok"], new[] { "gone", "broken", "closed", "well" }.Select(name => findings[$"server {name}"].GetProperty("status").GetString()));
        Assert.Contains("'no-such-program-at-all' was not found", findings["server gone"].GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("exited with code 4", findings["server broken"].GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("by hand", findings["server broken"].GetProperty("cure").GetString(), StringComparison.Ordinal);
        Assert.Contains("its address", findings["server closed"].GetProperty("cure").GetString(), StringComparison.Ordinal);
        Assert.Equal(23, findings["server well"].GetProperty("tools").GetInt32());
    }

    [Fact]
    public async Task Doctor_WithNamesThatAgentsSeeOtherwise_Warns()
    {
        // Together longer than the names that clients take.
        var name = new string('x', 60);
        Write(new { @default = "deny" }, (name, Fake()), ("other", Fake("--extra", "jamjet_approve", "--extra", "ECHO", "--extra", "fine")));

        var end = await GovernProcess.RunInAsync(home, "doctor");

        Assert.True(end.ExitCode == 0, end.ToString());
        Assert.Contains($"warn  tool {name}.echo: agents see it as xxxxx", end.Output, StringComparison.Ordinal);
        Assert.Contains("warn  tool other.jamjet_approve: agents do not see it", end.Output, StringComparison.Ordinal);
        Assert.Contains("warn  tool other.ECHO: agents see it as other__ECHO_", end.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("tool other.fine", end.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_WithReferencesThatLeadNowhere_TellsEachAndNeverWhatIsThere()
    {
        home.Write("long", new string('x', 70_000));
        Write(new { @default = "deny" },
            ("missing", new { command = "x", env = new { TOKEN = "${file:no-such-file}" } }),
            ("failing", new { url = "http://127.0.0.1:1/mcp", headers = new { Authorization = $"Bearer ${{cmd:/bin/sh -c 'echo {Secret[..7]}\"\"{Secret[7..]}; exit 3'}}" } }),
            ("odd", new { url = "http://127.0.0.1:1/mcp?k=${file:long}" }));

        var end = await GovernProcess.RunInAsync(home, "doctor");

        Assert.True(end.ExitCode == 1, end.ToString());
        Assert.Contains("fail  server missing: env.TOKEN: ${file:no-such-file} does not exist; make it readable", end.Output, StringComparison.Ordinal);
        Assert.Contains("ended with code 3; make it readable", end.Output, StringComparison.Ordinal);
        Assert.Contains("fail  server odd: url: ${file:long} is no text of at most 64 KiB", end.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, end.ToString(), StringComparison.Ordinal);
    }

    public static TheoryData<string, int, string> Faults => new()
    {
        { "{ policy: { default: allow }, mcpServers: { a: { command: 'x', env: { T: '${NOT_SET_ANYWHERE}' } } } }", 2, "fail  settings: mcpgovern.yaml:1: server 'a': the variable NOT_SET_ANYWHERE is not set; set it" },
        { "{ polcy: {} }", 2, "fail  settings: mcpgovern.yaml:1: unknown key 'polcy'; did you mean 'policy'?" },
        { "{ policy: { default: deny, tests: [{ call: a.b, expect: allow }] } }", 1, "fail  policy: mcpgovern.yaml:1: test 'a.b': expected allow, got deny" },
        { "{ policy: { deny: [x] } }", 0, "warn  settings: mcpgovern.yaml:1: no default is written" },
        { "{ policy: { default: deny } }", 0, "warn  servers: there is none" },
        { "{ policy: { default: deny }, store: 'postgres://nobody@127.0.0.1:1/none' }", 1, "fail  store: " },
    };

    [Theory, MemberData(nameof(Faults))]
    public async Task Doctor_WithAFault_TellsItWithItsCure(string settings, int exitCode, string told)
    {
        home.Write("mcpgovern.yaml", settings);

        var end = await GovernProcess.RunInAsync(home, "doctor");

        Assert.True(end.ExitCode == exitCode, end.ToString());
        Assert.Contains(told, end.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("agent:coder", "caller", "", true)]
    [InlineData("agent:coder", "caller", "agent:*", false)]
    [InlineData("carol", "caller", "", true)]
    [InlineData("carol", "approver", "", true)]
    [InlineData("carol", "caller, approver", "", false)]
    public async Task Doctor_OfAFormThatNoCallerMayAnswer_Warns(string actor, string roles, string approvers, bool warns)
    {
        home.Write("mcpgovern.yaml", $$"""
            policy:
              default: deny
              require_approval_for: [{ tools: pay, ask: form, self_approval: true{{(approvers.Length == 0 ? "" : $", approvers: ['{approvers}']")}} }]
            actors: [{ id: '{{actor}}', roles: [{{roles}}], key: '{{Secret}}{{Secret}}' }]
            """);

        var end = await GovernProcess.RunInAsync(home, "doctor");

        Assert.True(end.ExitCode == 0, end.ToString());
        Assert.Equal(warns, end.Output.Contains("warn  policy: mcpgovern.yaml:3: 'ask: form' asks the caller to decide, and no caller among the actors may", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_WithoutSettings_SaysWhereItLooked()
    {
        var end = await GovernProcess.RunInAsync(home, "doctor");
        Assert.True(end.ExitCode == 2, end.ToString());
        Assert.Contains("there is no settings file", end.Output, StringComparison.Ordinal);
    }

    private void Write(object policy, params (string Name, object Server)[] servers) => home.WriteJson("mcpgovern.json", new
    {
        version = 1,
        policy,
        mcpServers = servers.ToDictionary(s => s.Name, s => s.Server),
    });

    private static object Fake(params string[] options)
    {
        var (command, args) = FakeUpstreamOptions.CommandLine(options);
        return new { command, args };
    }
}
