using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Identity;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Server;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Security;

/// <summary>
/// 200 secrets go in by every way that a secret comes in, through calls that succeed, fail and are refused. Afterwards none is in the log (at
/// Trace), the store's files, an answer, a page or an upstream that it was not meant for.
/// </summary>
public sealed class CanaryTests
{
    private const string Policy = "require_approval_for: [pay, \"*.pay\"]";

    [Fact]
    [Trait("attack", "S11"), Trait("attack", "S33"), Trait("attack", "S35")]
    public async Task Secrets_ThroughEveryDoor_AreFoundNowhere()
    {
        var secrets = Enumerable.Range(0, 200).Select(n => $"CANARY{n:d3}{Guid.NewGuid():n}").ToArray();
        var (keys, wrong, headers, forHttp, forChild) = (secrets[..40], secrets[40..80], secrets[80..140], secrets[140..170], secrets[170..]);
        using var folder = new TempFolder();
        using var log = new TraceLog();
        await using var captured = await RawUpstream.StartAsync();
        var http = captured.Config with { Headers = forHttp.Select((text, n) => (text, n)).ToDictionary(h => $"X-Credential-{h.n}", h => h.text) };
        var child = FakeUpstreamOptions.Config("child", "--ledger", folder.File("ledger"), "--log", folder.File("child.log")) with
        {
            Env = forChild.Select((text, n) => (text, n)).ToDictionary(v => $"CREDENTIAL_{v.n}", v => v.text),
        };
        var away = captured.Config with { Name = "away", GovernedName = "away", Url = new Uri("http://127.0.0.1:1/mcp"), Headers = new Dictionary<string, string> { ["Authorization"] = $"Bearer {forHttp[0]}" } };
        await using var running = await RunningGateway.StartAsync(new() { Folder = folder, Logs = log, Policy = Policy, Upstreams = [http, child, away] });
        var actors = keys.Take(20).Select((key, n) => new ActorEntry($"actor{n}", Roles.All, [], key)).ToArray();
        using var authorization = new AuthorizationServer();
        var made = new ApiKeys(running.Gateway.Store, actors, TimeProvider.System);
        var texts = new List<string>(secrets);
        foreach (var n in Enumerable.Range(0, 10))
        {
            texts.Add((await made.CreateAsync($"made{n}", ["caller"], null, "test", default)).Text!);
        }

        await using var serve = await HttpServe.StartAsync(new(new Uri("http://127.0.0.1:0"), actors, "", "me"),
            new Authenticator([new KeyRing(actors), made, authorization.Tokens(TimeProvider.System, actors)]),
            running.Gateway, running.Door, running.Live, _ => Task.CompletedTask, TimeProvider.System, log, default);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false });
        var answers = new StringBuilder();

        async Task SendAsync(HttpMethod method, string path, string? bearer, string? body = null, int more = -1)
        {
            using var request = body is not null && path == "/mcp"
                ? ModernClient.Post(new Uri(serve.Address, "/mcp"), bearer!, body, JsonElement.Parse(body).GetProperty("params").TryGetProperty("name", out var name) ? name.GetString() : null)
                : new HttpRequestMessage(method, new Uri(serve.Address, path)) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Remove("Authorization");
            request.Headers.TryAddWithoutValidation("Authorization", bearer is null ? [] : [$"Bearer {bearer}"]);
            if (more >= 0)
            {
                request.Headers.TryAddWithoutValidation(((string[])["Cookie", "X-Api-Key", "Proxy-Authorization"])[more % 3], more % 3 == 0 ? $"session={headers[more]}" : headers[more]);
            }

            using var response = await client.SendAsync(request);
            answers.Append(response.Headers).Append(await response.Content.ReadAsStringAsync()).Append('\n');
        }

        for (var n = 0; n < headers.Length; n++)
        {
            var (key, arguments) = (actors[n % 20].Key, $$"""{"n":{{n}}}""");
            var tool = ((string[])["up__echo", "up__pay", "child__echo", "child__refuse", "away__x", "nothing"])[n % 6];
            (captured.Error, captured.HangsUp) = (n % 4 == 1 ? """{"code":-32000,"message":"no"}""" : null, n % 10 == 0);
            await SendAsync(HttpMethod.Post, "/mcp", key, ModernClient.Body("tools/call", $"\"name\":\"{tool}\",\"arguments\":{arguments},"), n);
        }

        foreach (var key in texts.Skip(200).Concat(keys.Skip(20)).Concat(wrong))
        {
            await SendAsync(HttpMethod.Post, "/mcp", key, ModernClient.Body("tools/list"));
            await SendAsync(HttpMethod.Get, "/api/v1/calls", key);
            await SendAsync(HttpMethod.Post, "/api/v1/calls/nonsense/approve", key, "{not json");
        }

        foreach (var path in (string[])["/api/v1/calls?limit=200", "/api/v1/approvals", "/approvals", "/login", "/api/v1/freezes", "/readyz"])
        {
            await SendAsync(HttpMethod.Get, path, actors[0].Key, more: 0);
        }

        var sent = string.Join('\n', captured.Heads.Concat(captured.Calls).Concat(captured.Notifications));
        Assert.All(forHttp, secret => Assert.Contains(secret, sent, StringComparison.Ordinal));
        Assert.True(captured.Calls.Count >= 5 && log.Text.Length > 1000 && answers.Length > 10_000, $"{captured.Calls.Count} calls, {log.Text.Length} logged");
        var child2 = string.Concat(Directory.GetFiles(folder.Path).Where(file => !file.Contains("calls.db", StringComparison.Ordinal)).Select(File.ReadAllText));
        Assert.Contains("start", child2, StringComparison.Ordinal);
        var store = string.Concat(Directory.GetFiles(folder.Path, "calls.db*").Select(Shared));
        Assert.Contains("CallSubmitted", store.Replace("call_submitted", "CallSubmitted", StringComparison.Ordinal), StringComparison.Ordinal);
        foreach (var secret in texts.Select(text => text.StartsWith("mcpg_", StringComparison.Ordinal) ? text[18..] : text))
        {
            Assert.False(log.Text.Contains(secret, StringComparison.Ordinal), $"{secret} in the log");
            Assert.False(store.Contains(secret, StringComparison.Ordinal), $"{secret} in the store");
            Assert.False(answers.ToString().Contains(secret, StringComparison.Ordinal), $"{secret} in an answer");
            Assert.False(child2.Contains(secret, StringComparison.Ordinal), $"{secret} at the child");
            Assert.False(!forHttp.Contains(secret) && sent.Contains(secret, StringComparison.Ordinal), $"{secret} at the upstream");
        }
    }

    // The store has it open.
    private static string Shared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }
}
