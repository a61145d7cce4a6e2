using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;
using static McpGovern.Tests.Doors.Histories;

namespace McpGovern.Tests.Doors;

/// <summary>A decision that loses every race: a store in which somebody else is always first.</summary>
public sealed class BusyTests : IDisposable
{
    private static readonly ActorEntry Alice = new("alice", Roles.Approver, [], "the-secret-key-of-alice");

    private readonly TempFolder folder = new();

    [Fact]
    public async Task Decide_LosingEveryRace_IsBusyOnEveryDoor()
    {
        var real = CallStores.Open($"sqlite:{folder.File("calls.db")}", TimeProvider.System, NullLoggerFactory.Instance);
        await real.PrepareAsync(default);
        var callId = TestCalls.NewId();
        await real.AppendAsync(TestCalls.Of(callId, [], [Asked, Parked]), default);
        var store = DispatchProxy.Create<ICallStore, AlwaysLate>();
        ((AlwaysLate)store).Real = real;

        var set = PolicySet.Create([PolicyFileReader.Read("default: deny"u8, "p.yaml").File!]);
        await using var gateway = new Gateway(store, new PolicySource(set, [], TimeProvider.System),
            new UpstreamSet([], new UpstreamLimits(), TimeProvider.System, NullLoggerFactory.Instance),
            new GatewayOptions("busy", TimeSpan.Zero, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1), new CallLimits(1, 1, 1), 1), TimeProvider.System, NullLoggerFactory.Instance);
        using var live = new LiveConnections(gateway.Tools, NullLogger<LiveConnections>.Instance);
        var door = new McpFrontDoor(gateway, new OwnTools(gateway, TimeProvider.System, () => false), NullLogger<McpFrontDoor>.Instance);
        await using var http = await HttpServe.StartAsync(new HttpOptions(new Uri("http://127.0.0.1:0"), [Alice], "", "alice"), new Authenticator([new KeyRing([Alice])]), gateway, door, live,
            _ => Task.CompletedTask, TimeProvider.System, NullLoggerFactory.Instance, default);

        await RestIsBusyAsync(new Uri(http.Address, $"/api/v1/calls/{callId}/approve"));
        var settings = folder.WriteJson("mcpgovern.json", new { version = 1, store = "sqlite:./unused.db", policy = new { @default = "deny" } });
        var cli = await GovernProcess.RunToEndAsync("approve", settings, [callId, "--server", http.Address.ToString()], new Dictionary<string, string?> { ["MCPGOVERN_KEY"] = Alice.Key });
        Assert.Equal((6, ""), (cli.ExitCode, cli.Output));
        Assert.StartsWith("busy: ", cli.Errors, StringComparison.Ordinal);
        Assert.Equal(2, (await real.LoadAsync(callId, default))!.Version);
    }

    public void Dispose() => folder.Dispose();

    private static async Task RestIsBusyAsync(Uri address)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Alice.Key);
        using var response = await client.PostAsync(address, null);
        var body = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.Conflict, "busy", true), (response.StatusCode, body.GetProperty("code").GetString(), body.GetProperty("retryable").GetBoolean()));
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter?.Delta);
    }
}

/// <summary>A real store whose every append finds that the stream has moved. Public, because the proxy derives from it.</summary>
public class AlwaysLate : DispatchProxy
{
    internal ICallStore? Real { get; set; }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name == nameof(ICallStore.AppendAsync)
        ? Task.FromResult<AppendResult>(new AppendResult.Conflict())
        : targetMethod.Invoke(Real, args);
}
