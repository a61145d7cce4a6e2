using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Client;

namespace McpGovern.Tests.Doors;

[CollectionDefinition("doors")]
public sealed class SharedDoors : ICollectionFixture<DoorHouse>;

/// <summary>
/// One store with every door open to it: a process that serves, a stdio process that speaks for alice, and the command line, whose
/// operating-system user is alice too. The calls are of a scope that none of them serves, so that nobody runs or sweeps them.
/// </summary>
public sealed class DoorHouse : IAsyncLifetime, IDisposable
{
    /// <summary>Approvers whose only purpose is to be many.</summary>
    internal static readonly string[] Crowd = [.. Enumerable.Range(0, 40).Select(n => $"p{n}")];

    private static readonly string[] Actors = ["alice", "bob", "carol", "dave", .. Crowd];

    private readonly TempFolder folder = new();
    private ServingProcess? serving;
    private McpClient? stdio;
    private ICallStore? store;

    internal ICallStore Store => store!;
    internal McpClient Mcp => stdio!;
    internal Uri Address => serving!.Address;
    internal string Settings { get; private set; } = "";
    internal HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });

    public Task InitializeAsync() => OpenAsync($"sqlite:{folder.File("calls.db")}");

    internal async Task OpenAsync(string storeText)
    {
        Settings = folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = storeText,
            policy = new { @default = "deny" },
            mcpServers = new { payments = new { command = "/bin/false" } },
            actors = (object[])
            [
                new { id = "alice", roles = new[] { "caller", "approver", "operator" }, key = KeyOf("alice"), os_user = Environment.UserName },
                new { id = "bob", roles = new[] { "approver", "operator" }, key = KeyOf("bob") },
                new { id = "carol", roles = new[] { "caller" }, key = KeyOf("carol") },
                new { id = "dave", roles = new[] { "approver" }, key = KeyOf("dave") },
                .. Crowd.Select(id => new { id, roles = new[] { "approver" }, key = KeyOf(id) }),
            ],
        });
        store = CallStores.Open(storeText, TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        serving = await GovernProcess.ServeAsync(Settings);
        stdio = await McpClient.CreateAsync(new StdioClientTransport(new()
        {
            Command = "dotnet",
            Arguments = GovernProcess.CommandLine("stdio", Settings, "--as", "alice"),
        }));
    }

    public async Task DisposeAsync()
    {
        await (stdio?.DisposeAsync() ?? default);
        await (serving?.DisposeAsync() ?? default);
        await (store?.DisposeAsync() ?? default);
    }

    public void Dispose()
    {
        Http.Dispose();
        folder.Dispose();
    }

    internal static string KeyOf(string actor) => Actors.Contains(actor) ? $"the-secret-key-of-{actor}" : "the-secret-key-of-nobody";

    /// <summary>A fresh stream with these events; what names the call in them is made its own.</summary>
    internal async Task<string> StoreAsync(IReadOnlyList<CallEvent> history, string? executionId = null)
    {
        var callId = TestCalls.NewId();
        CallEvent[] own =
        [
            (CallSubmitted)history[0] with { ExecutionId = executionId ?? CallId.ExecutionOf(callId), AttachKey = callId },
            .. history.Skip(1),
        ];
        Assert.IsType<AppendResult.Appended>(await Store.AppendAsync(TestCalls.Of(callId, [], own), default));
        return callId;
    }

    internal async Task<IReadOnlyList<CallEvent>> EventsAsync(string callId) => (await Store.LoadAsync(callId, default))!.Events;
}
