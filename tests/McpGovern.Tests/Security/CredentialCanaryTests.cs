using System.Text;
using McpGovern.Tests.Calls;
using McpGovern.Tests.ConsolePages;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Server;
using McpGovern.Tests.Upstreams.Fakes;
using Eventually = McpGovern.Tests.Processes.Eventually;

namespace McpGovern.Tests.Security;

/// <summary>
/// Credentials that settings refer to, in servers that repeat them wherever they can: found at those servers, and in no log, record, page or
/// line that a command prints.
/// </summary>
public sealed class CredentialCanaryTests : IDisposable
{
    private const string AliceKey = "the-key-of-alice-0123456789", AgentKey = "the-key-of-the-agent-0123456789";

    private readonly Dictionary<string, string> secrets = ((string[])["child-file", "child-cmd", "child-env", "web-file", "web-cmd", "web-env", "web-url", "complaint"])
        .ToDictionary(name => name, name => $"CANARY-{name}-{Guid.NewGuid():n}");

    private readonly TempFolder folder = new();
    private readonly StringBuilder told = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    [Trait("attack", "S33")]
    public async Task Credentials_OfRealProcesses_AreInNothingThatAnybodySees()
    {
        await using var web = await FakeHttpUpstream.StartAsync(extra: "leak");
        var settings = Settings(web);
        Dictionary<string, string?> environment = new() { ["CHILD_ENV"] = secrets["child-env"], ["WEB_ENV"] = secrets["web-env"] };
        ServingProcess serving;
        await using (serving = await GovernProcess.ServeAsync(settings, environment: environment))
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            var ids = new List<string>();
            foreach (var tool in (string[])["child__leak", "child__leak_and_die", "web__leak", "web__echo", "web__status"])
            {
                var (_, answer) = await ModernClient.AskAsync(http, ModernClient.Post(serving.McpEndpoint, AgentKey, ModernClient.Body("tools/call", $"\"name\":\"{tool}\",\"arguments\":{{\"code\":401}},"), tool));
                ids.Add(answer.GetProperty("result").GetProperty("_meta").GetProperty("mcpgovern/call").GetProperty("call_id").GetString()!);
            }

            // The last ones wait for what is not there any more.
            foreach (var id in ids)
            {
                if (id == ids[3])
                    File.Delete(folder.File("web-file"));
                await CliAsync(environment, "approve", settings, id);
                await Eventually.TrueAsync(async () => (await CliAsync(environment, "show", settings, id)) is var shown
                    && (shown.Contains("failed", StringComparison.Ordinal) || shown.Contains("outcome_unknown", StringComparison.Ordinal) || shown.Contains("does not exist", StringComparison.Ordinal)),
                    () => $"{id} does not end: {told}");
            }

            using var visitor = new ConsoleVisitor(() => serving.Address);
            Assert.Equal(303, (await visitor.LoginAsync(AliceKey)).Status);
            foreach (var path in ids.Select(id => $"/approvals/{id}").Append("/approvals"))
                told.Append((await visitor.GetAsync(path)).Html);
            foreach (var id in ids)
                await CliAsync(environment, "result", settings, id);
            foreach (var verb in (string[])["approvals --all", "approvals --all --json", "tools --json", "doctor", "doctor --json", $"show {ids[0]} --json", $"show {ids[3]} --json"])
                await CliAsync(environment, verb.Split(' ')[0], settings, verb.Split(' ')[1..]);
        }

        told.Append(serving.Process.Output).Append(serving.Process.Errors);
        var records = string.Concat(Directory.GetFiles(folder.Path, "calls.db*").Select(file => File.ReadAllText(file, Encoding.Latin1)));
        Assert.Contains("***", told.ToString(), StringComparison.Ordinal);
        Assert.Contains("headers.X-File: ${file:web-file} does not exist", told.ToString(), StringComparison.Ordinal);
        Assert.All(secrets.Values, secret => Assert.DoesNotContain(secret, told.ToString(), StringComparison.Ordinal));
        Assert.All(secrets.Values, secret => Assert.DoesNotContain(secret, records, StringComparison.Ordinal));
        Assert.Equal([secrets["web-file"], $"Bearer {secrets["web-cmd"]}", secrets["web-env"]], ((string[])["X-File", "Authorization", "X-Env"]).Select(name => web.LastHeaders[name]));
    }

    [Fact]
    [Trait("attack", "S33")]
    public async Task Credentials_AreInNoLogAtAnyLevel()
    {
        using var log = new TraceLog();
        var child = ReferringConfig.Read(folder, Child(), new Dictionary<string, string> { ["CHILD_ENV"] = secrets["child-env"] });
        Write();
        await using var running = await RunningGateway.StartAsync(new() { Logs = log, Policy = "default: allow", Upstreams = [child] });
        foreach (var tool in (string[])["leak", "leak_and_die", "leak_and_die", "echo"])
        {
            var answer = await running.Gateway.Calls.HandleAsync(new McpGovern.Calls.ToolCallRequest(Story.Agent, tool, "{}"), default);
            told.Append(answer);
            // It is started again at once only where it ended well.
            await Eventually.TrueAsync(async () => await Record.ExceptionAsync(() => running.Gateway.Upstreams.All[0].ConnectAsync(default).AsTask()) is null, () => "it does not come back");
        }

        Assert.Contains("cannot sign in with ***", log.Text, StringComparison.Ordinal);
        Assert.All(secrets.Values, secret => Assert.DoesNotContain(secret, log.Text + told, StringComparison.Ordinal));
    }

    private string Settings(FakeHttpUpstream web)
    {
        Write();
        return folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = "sqlite:./calls.db",
            hold = "0s",
            policy = new { @default = "require_approval" },
            actors = new object[] { new { id = "alice", roles = (string[])["caller", "approver", "operator", "auditor"], key = AliceKey }, new { id = "agent:coder", roles = (string[])["caller"], key = AgentKey } },
            mcpServers = new Dictionary<string, object>
            {
                ["child"] = Child(),
                ["web"] = new
                {
                    url = $"{web.Config().Url}?key=${{file:web-url}}",
                    headers = new Dictionary<string, string> { ["X-File"] = "${file:web-file}", ["Authorization"] = "Bearer ${cmd:/bin/sh say web-cmd}", ["X-Env"] = "${WEB_ENV}" },
                },
                ["broken"] = new { url = "http://127.0.0.1:1/mcp", headers = new Dictionary<string, string> { ["X-Key"] = "${cmd:/bin/sh say complaint nowhere}" } },
            },
        });
    }

    private static object Child() => ReferringConfig.Stdio(
        new { TOKEN = "${file:child-file}", OTHER = "${cmd:/bin/sh say child-cmd}", THIRD = "${CHILD_ENV}" }, "--extra", "leak", "--extra", "leak_and_die", "--noise");

    private void Write()
    {
        foreach (var (name, secret) in secrets)
            folder.Write(name, $"{secret}\n");
        // Says one, complains of another, and fails where it is asked for one that is not there.
        folder.Write("say", "cat complaint >&2\ncat $1\ntest -z \"$2\"\n");
    }

    private async Task<string> CliAsync(Dictionary<string, string?> environment, string verb, string settings, params string[] args)
    {
        var end = await GovernProcess.RunToEndAsync(verb, settings, args, environment);
        told.Append(end);
        return end.ToString();
    }
}
