using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Server;

/// <summary>A gateway that serves over HTTP, and what its tests say to it. One for all tests of a class.</summary>
public sealed class HttpGateway : IAsyncLifetime
{
    internal const string AgentKey = "key-of-the-agent", AliceKey = "key-of-alice", OtherAgentKey = "key-of-another", AuditorKey = "key-of-the-auditor";

    private static readonly ActorEntry[] Actors =
    [
        new("agent:coder", Roles.Caller, [], AgentKey),
        new("agent:other", Roles.Caller, [], OtherAgentKey),
        new("alice", Roles.Caller | Roles.Approver, ["finance"], AliceKey),
        new("audrey", Roles.Auditor, [], AuditorKey),
    ];

    private HttpServe? _serve;

    /// <summary>What a test wants otherwise than usual.</summary>
    internal Func<HttpOptions, HttpOptions> Adjust { get; init; } = options => options;

    internal RunningGateway Running { get; private set; } = null!;

    internal RunningOptions Options { get; init; } = new();

    public Uri Address => _serve!.Address;

    // One that hangs up means it: it does not wait for the rest of the response first.
    public HttpClient Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ResponseDrainTimeout = TimeSpan.Zero });

    public async Task InitializeAsync()
    {
        Running = await RunningGateway.StartAsync(Options);
        var options = new HttpOptions(new Uri("http://127.0.0.1:0"), Actors, "", "alice")
        {
            MaxMessageBytes = 9 << 20,
            Heartbeat = TimeSpan.FromMilliseconds(100),
            PublicUrl = new Uri("https://gate.example"),
        };
        Assert.Null(options.WhyNot());
        _serve = await HttpServe.StartAsync(Adjust(options), new Authenticator([new KeyRing(Actors)]), Running.Gateway, Running.Door, Running.Live,
            ct => Running.Gateway.Store.LoadAsync("call_0", ct), Options.Time, NullLoggerFactory.Instance, CancellationToken.None);
    }

    internal static async Task<HttpGateway> StartAsync(Func<HttpOptions, HttpOptions> adjust, UpstreamConfig? other = null)
    {
        var gateway = new HttpGateway { Adjust = adjust, Options = new() { Upstreams = other is null ? [] : [other] } };
        await gateway.InitializeAsync();
        return gateway;
    }

    /// <summary>Lets the server stop while its clients are still there.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _serve, null) is { } serve)
        {
            await serve.DisposeAsync();
        }
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await StopAsync();
        await Running.DisposeAsync();
    }

    public HttpRequestMessage Request(HttpMethod method, string path, string? key = AgentKey, byte[]? body = null)
    {
        var request = new HttpRequestMessage(method, new Uri(Address, path));
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        return request;
    }

    public HttpRequestMessage McpPost(string json, string? session = null, string key = AgentKey)
    {
        var request = Request(HttpMethod.Post, "/mcp", key, Encoding.UTF8.GetBytes(json));
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Add("Mcp-Session-Id", session is null ? [] : [session]);
        return request;
    }

    public async Task<string> OpenSessionAsync(string key = AgentKey)
    {
        using var request = McpPost("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""", null, key);
        using var response = await Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("2025-06-18", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        return response.Headers.GetValues("Mcp-Session-Id").Single();
    }

    /// <summary>The one JSON-RPC message with this id that answers, and the events before it.</summary>
    public async Task<(string Answer, IReadOnlyList<string> Before)> AskAsync(string session, string json, string key = AgentKey)
    {
        using var request = McpPost(json, session, key);
        using var response = await Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var events = Events(await response.Content.ReadAsStringAsync());
        return (events[^1], events[..^1]);
    }

    public async Task<JsonElement> CallAsync(string session, string tool, string arguments, string key = AgentKey) =>
        JsonElement.Parse((await AskAsync(session, $$$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"{{{tool}}}","arguments":{{{arguments}}}}}""", key)).Answer)
            .GetProperty("result");

    /// <summary>Parks a call of <c>pay</c> and says under which id.</summary>
    public async Task<string> ParkAsync(string session)
    {
        var result = await CallAsync(session, "pay", $$"""{"amount":1.50,"note":"{{Guid.NewGuid()}}"}""");
        return result.GetProperty("_meta").GetProperty("mcpgovern/call").GetProperty("call_id").GetString()!;
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, string? key, string? body = null)
    {
        using var request = Request(method, path, key, body is null ? null : Encoding.UTF8.GetBytes(body));
        using var response = await Client.SendAsync(request);
        return (response.StatusCode, JsonElement.Parse(await response.Content.ReadAsByteArrayAsync()));
    }

    /// <summary>The response, as soon as its headers are there.</summary>
    public async Task<HttpResponseMessage> BeginAsync(HttpRequestMessage request)
    {
        using (request)
        {
            return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
    }

    public HttpRequestMessage McpGet(string session, string key = AgentKey)
    {
        var request = Request(HttpMethod.Get, "/mcp", key);
        request.Headers.Add("Mcp-Session-Id", session);
        request.Headers.Accept.ParseAdd("text/event-stream");
        return request;
    }

    private static string[] Events(string stream) =>
        [.. stream.Split("\n\n").Select(e => string.Join('\n', e.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..].TrimStart(' ')))).Where(data => data.Length > 0)];
}
