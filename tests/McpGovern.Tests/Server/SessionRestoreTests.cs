using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using McpGovern.Tests.Examples;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;

namespace McpGovern.Tests.Server;

/// <summary>A session is the client's and not a process's: it goes on after <c>kill -9</c>, and at any gateway of the store.</summary>
public sealed class SessionRestoreTests : IDisposable
{
    private const string Agent = "a-key-that-only-this-test-has-0123456789", Other = "a-key-of-another-agent-0123456789";
    private const string Ping = """{"jsonrpc":"2.0","id":5,"method":"ping"}""";

    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [SkippableTheory, InlineData("sqlite"), InlineData("postgres")]
    public async Task Session_AfterTheServerWasKilled_GoesOnAndItsParkedCallToo(string store)
    {
        var (settings, ledger) = await WriteSettingsAsync(store);
        string session, parked;
        await using (var first = await GovernProcess.ServeAsync(settings))
        {
            session = await OpenAsync(first);
            parked = (await CallAsync(first, session, "submit", """{"payment_id":"p-1","amount":12.50,"currency":"EUR"}""")).GetProperty("_meta")
                .GetProperty("mcpgovern/call").GetProperty("call_id").GetString()!;
            first.KillHard();
            await first.Process.WaitForExitAsync();
            Assert.DoesNotContain(session, first.Process.Output + first.Process.Errors, StringComparison.Ordinal);
        }

        await using var second = await GovernProcess.ServeAsync(settings);
        using var stream = await ListenAsync(second, session);
        using var events = new StreamReader(await stream.Content.ReadAsStreamAsync(), Encoding.UTF8);
        Assert.Equal(0, (await GovernProcess.RunToEndAsync("approve", settings, [parked])).ExitCode);
        var result = await CallAsync(second, session, "jamjet_result", $$"""{"call_id":"{{parked}}","wait_seconds":50}""");
        Assert.False(result.TryGetProperty("isError", out var isError) && isError.GetBoolean(), result.GetRawText());
        Assert.Single(PaymentsExample.ReadLedger(ledger));

        // The new server knows what the client told the old one: its revision, so that it is told of changes.
        _folder.Replace("policy.yaml", "deny: ['payments.*']\n");
        await Eventually.TrueAsync(
            async () => (await events.ReadLineAsync())?.Contains("notifications/tools/list_changed", StringComparison.Ordinal) == true, () => "no change was announced");
        Assert.All(
            Directory.GetFiles(_folder.Path, "store.db*").Select(file => Encoding.Latin1.GetString(ReadShared(file))),
            bytes => Assert.DoesNotContain(session, bytes, StringComparison.Ordinal));
    }

    [SkippableTheory, InlineData("sqlite"), InlineData("postgres")]
    public async Task Session_AtAnotherGatewayOfTheStore_IsItsActorsAndEndsForBoth(string store)
    {
        var (settings, _) = await WriteSettingsAsync(store);
        await using var one = await GovernProcess.ServeAsync(settings);
        await using var two = await GovernProcess.ServeAsync(settings);
        var session = await OpenAsync(one);

        Assert.Equal(404, await StatusAsync(two, Post(two, Ping, session, Other)));
        Assert.Equal(404, await StatusAsync(two, Post(two, Ping, new string('0', 32))));
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => StatusAsync(two, Post(two, Ping, session))));
        Assert.All(all, status => Assert.Equal(200, status));
        Assert.Equal(200, await StatusAsync(one, Post(one, Ping, session)));

        var delete = new HttpRequestMessage(HttpMethod.Delete, two.McpEndpoint);
        delete.Headers.Add("Mcp-Session-Id", session);
        Assert.Equal(204, await StatusAsync(two, delete));
        Assert.Equal(404, await StatusAsync(two, Post(two, Ping, session)));
        await using var three = await GovernProcess.ServeAsync(settings);
        Assert.Equal(404, await StatusAsync(three, Post(three, Ping, session)));
    }

    /// <summary>A client that is told 404 begins anew, and loses what it waited for.</summary>
    [SkippableFact]
    public async Task Session_WhileTheStoreIsAway_IsNotSaidToBeUnknown()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var (settings, _) = await WriteSettingsAsync(await server.CreateOwnDatabaseAsync());
        string session;
        await using (var first = await GovernProcess.ServeAsync(settings))
        {
            session = await OpenAsync(first);
            first.KillHard();
        }

        await using var second = await GovernProcess.ServeAsync(settings);
        await server.StopAsync();
        Assert.Equal(503, await StatusAsync(second, Post(second, Ping, session)));
        await server.StartAsync();
        await Eventually.TrueAsync(async () => await StatusAsync(second, Post(second, Ping, session)) == 200, () => "the session is lost");
    }

    private async Task<(string Settings, string Ledger)> WriteSettingsAsync(string store)
    {
        var ledger = _folder.File("ledger.jsonl");
        _folder.Write("policy.yaml", "require_approval_for: ['payments.*']\n");
        var settings = _folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            name = "restore",
            store = store switch { "sqlite" => "sqlite:./store.db", "postgres" => await PostgresServer.CreateDatabaseAsync(), _ => store },
            hold = "0s",
            policies = new[] { "policy.yaml" },
            mcpServers = new { payments = PaymentsExample.Upstream(ledger) },
            actors = new[] { ("agent:coder", Agent), ("agent:other", Other) }
                .Select(actor => new { id = actor.Item1, roles = new[] { "caller" }, key = actor.Item2 }),
        });
        return (settings, ledger);
    }

    private async Task<string> OpenAsync(ServingProcess serving)
    {
        using var response = await SendAsync(serving, Post(serving, """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""", null));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Headers.GetValues("Mcp-Session-Id").Single();
    }

    private async Task<HttpResponseMessage> ListenAsync(ServingProcess serving, string session)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, serving.McpEndpoint);
        request.Headers.Add("Mcp-Session-Id", session);
        request.Headers.Accept.ParseAdd("text/event-stream");
        var response = await SendAsync(serving, request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    private async Task<JsonElement> CallAsync(ServingProcess serving, string session, string tool, string arguments)
    {
        using var response = await SendAsync(serving, Post(serving, $$$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"{{{tool}}}","arguments":{{{arguments}}}}}""", session));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonElement.Parse(text.Split('\n').Last(line => line.StartsWith("data:", StringComparison.Ordinal))[5..]).GetProperty("result");
    }

    private async Task<int> StatusAsync(ServingProcess serving, HttpRequestMessage request)
    {
        using var response = await SendAsync(serving, request);
        await response.Content.ReadAsByteArrayAsync();
        return (int)response.StatusCode;
    }

    private async Task<HttpResponseMessage> SendAsync(ServingProcess serving, HttpRequestMessage request)
    {
        using (request)
        {
            Assert.False(serving.Process.HasExited, serving.Process.Errors);
            request.Headers.Authorization ??= new AuthenticationHeaderValue("Bearer", Agent);
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
    }

    private static HttpRequestMessage Post(ServingProcess serving, string json, string? session, string key = Agent)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, serving.McpEndpoint) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        if (session is not null)
        {
            request.Headers.Add("Mcp-Session-Id", session);
        }

        return request;
    }

    private static byte[] ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
