using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.ConsolePages;
using McpGovern.Tests.Identity;
using McpGovern.Tests.Server;

namespace McpGovern.Tests.Security;

/// <summary>A gateway with every route and every kind of credential that there is, and one actor for each role.</summary>
public sealed class SecurityHouse : IAsyncLifetime, IDisposable
{
    /// <summary>Columns of the matrix: nobody, the caller that asked, an actor that did not, one for each other role, and a named approver with a caller's key.</summary>
    internal static readonly string[] Who = ["stranger", "caller", "other", "approver", "operator", "auditor", Narrowed];

    internal const string Narrowed = "narrowed";

    private const string Policy = """
        require_approval_for: [pay, steps, big]
        rules:
          - { match: pay, action: require_approval, approval_timeout: 3600 }
          - { match: steps, action: require_approval, approval_timeout: 3600, approvers: ["group:finance"] }
          - { match: big, action: require_approval, approval_timeout: 3600, approvers: [alice, bob, "agent:coder"] }
        """;

    private static readonly ActorEntry[] Actors =
    [
        new("caller", Roles.Caller, [], KeyOf("caller")),
        new("other", Roles.Caller, [], KeyOf("other")),
        new("approver", Roles.Approver, [], KeyOf("approver")),
        new("operator", Roles.Operator, [], KeyOf("operator")),
        new("auditor", Roles.Auditor, [], KeyOf("auditor")),
        new("alice", Roles.Caller | Roles.Approver, ["finance"], KeyOf("alice")),
        new("bob", Roles.Caller | Roles.Approver, ["finance"], KeyOf("bob")),
    ];

    private readonly AuthorizationServer authorization = new();
    private HttpServe? serve;
    private ApiKeys? made;
    private string? narrowed;

    internal RunningGateway Running { get; private set; } = null!;
    internal HttpServe Serve => serve!;
    internal Gateway Gateway => Running.Gateway;

    internal HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false });

    public async Task InitializeAsync()
    {
        Running = await RunningGateway.StartAsync(new() { Policy = Policy, Limits = new(10_000, 8 << 20, 1 << 20) });
        made = new ApiKeys(Gateway.Store, Actors, TimeProvider.System);
        var options = new HttpOptions(new Uri("http://127.0.0.1:0"), Actors, "", "alice") { LegacySse = true };
        var settings = new TokenSettings(AuthorizationServer.Issuer, AuthorizationServer.Audience, new Uri("https://id.example/jwks"));
        serve = await HttpServe.StartAsync(options,
            new Authenticator([new KeyRing(Actors), made, authorization.Tokens(TimeProvider.System, Actors)], new ResourceMetadata(settings)),
            Gateway, Running.Door, Running.Live, _ => Task.CompletedTask, TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, default);
    }

    public async Task DisposeAsync()
    {
        await (serve?.DisposeAsync() ?? default);
        await Running.DisposeAsync();
    }

    public void Dispose()
    {
        Http.Dispose();
        authorization.Dispose();
    }

    internal static string KeyOf(string actor) => $"the-key-of-{actor}-0123456789";

    /// <summary>What one of <see cref="Who"/> comes with: bob, whom the rule of <c>big</c> names, with a key that was made for calling alone.</summary>
    internal async Task<string?> BearerOfAsync(string who) => who switch
    {
        "stranger" => null,
        Narrowed => narrowed ??= await MakeKeyAsync("bob", "caller"),
        _ => KeyOf(who),
    };

    /// <summary>The body that approves this one call in a batch.</summary>
    internal async Task<byte[]> BatchAsync(string callId) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        decisions = new[] { new { call_id = callId, decision = "approved", expected_hash = (await EventsAsync(callId)).OfType<ToolApprovalRequired>().Single().CallHash } },
    });

    /// <summary>A further key of the same owner, made as <c>keys create</c> does.</summary>
    internal async Task<string> MakeKeyAsync(string actor, params string[] roles) =>
        (await made!.CreateAsync(actor, roles, life: null, "test", default)).Text ?? throw new InvalidOperationException("no key");

    internal async Task RevokeKeysAsync(string actor)
    {
        foreach (var key in (await made!.ListAsync(default)).Where(key => key.Actor == actor))
        {
            await made.RevokeAsync(key.Id, "test", default);
        }
    }

    /// <summary>A token of alice's, or of an agent that acts for her.</summary>
    internal string TokenOf(string? actingAgent = null, string? scope = null) => authorization.Rs256(AuthorizationServer.Claims(claims =>
    {
        if (scope is not null)
        {
            claims["scope"] = scope;
        }

        if (actingAgent is not null)
        {
            claims["act"] = new System.Text.Json.Nodes.JsonObject { ["sub"] = actingAgent };
        }
    }));

    internal ConsoleVisitor Visitor() => new(() => Serve.Address);

    internal async Task<ConsoleVisitor> VisitorAsync(string actor)
    {
        var visitor = Visitor();
        if (await BearerOfAsync(actor) is { } key)
        {
            Assert.Equal(303, (await visitor.LoginAsync(key)).Status);
        }

        return visitor;
    }

    internal HttpRequestMessage Request(string method, string path, string? bearer, string? body = null)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Serve.Address, path));
        request.Headers.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return request;
    }

    /// <summary>The status and the body; of an answer that is a stream, nothing of it.</summary>
    internal async Task<(int Status, string Body)> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var isStream = request.Method == HttpMethod.Get && response.Content.Headers.ContentType?.MediaType == "text/event-stream";
            return ((int)response.StatusCode, isStream ? "" : await response.Content.ReadAsStringAsync());
        }
    }

    internal Task<(int Status, string Body)> SendAsync(string method, string path, string? bearer, string? body = null) =>
        SendAsync(Request(method, path, bearer, body));

    /// <summary>A request of the stateless revision; the answer is the message itself.</summary>
    internal async Task<(int Status, JsonElement Answer)> McpAsync(string bearer, string method, string members, string? name = null, string? meta = null) =>
        await ModernClient.AskAsync(Http, ModernClient.Post(new Uri(Serve.Address, "/mcp"), bearer, ModernClient.Body(method, members, meta), name));

    internal async Task<JsonElement> CallAsync(string bearer, string tool, string arguments, string? meta = null)
    {
        var (status, answer) = await McpAsync(bearer, "tools/call", $"\"name\":\"{tool}\",\"arguments\":{arguments},", tool, meta);
        Assert.True(status == 200 && answer.TryGetProperty("result", out _), $"{status}: {answer}");
        return answer.GetProperty("result");
    }

    /// <summary>Parks a call that nobody asked for before.</summary>
    internal async Task<string> ParkAsync(string bearer, string tool = "pay", string note = "", string? justification = null)
    {
        var meta = justification is null ? null : ModernClient.Meta(more: $",\"mcpgovern/justification\":{JsonSerializer.Serialize(justification)}");
        var arguments = JsonSerializer.Serialize(new { id = Guid.NewGuid().ToString("N"), note });
        return (await CallAsync(bearer, tool, arguments, meta)).GetProperty("_meta").GetProperty("mcpgovern/call").GetProperty("call_id").GetString()!;
    }

    internal async Task<string> OpenSessionAsync(string bearer)
    {
        using var request = Request("POST", "/mcp", bearer,
            """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""");
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        using var response = await Http.SendAsync(request);
        return response.Headers.GetValues("Mcp-Session-Id").Single();
    }

    internal async Task<IReadOnlyList<CallEvent>> EventsAsync(string callId) => (await Gateway.Store.LoadAsync(callId, default))!.Events;
}
