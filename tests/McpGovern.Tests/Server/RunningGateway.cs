using System.Text;
using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Server;

/// <summary>A whole gateway over a real SQLite store and one upstream, with doors to open.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    private const string Policy = "require_approval_for: [pay]\nrules:\n  - { match: pay, action: require_approval, approval_timeout: 3600 }\n";

    private readonly TempFolder _folder = new();

    private RunningGateway(RawUpstream upstream, UpstreamConfig? other)
    {
        Upstream = upstream;
        var logs = NullLoggerFactory.Instance;
        var policy = PolicyFileReader.Read(Encoding.UTF8.GetBytes(Policy), "test.yaml");
        Assert.Empty(policy.Errors);
        Gateway = new Gateway(
            CallStores.Open($"sqlite:{_folder.File("calls.db")}", TimeProvider.System, logs),
            new PolicySource(PolicySet.Create([policy.File!]), [], TimeProvider.System),
            new UpstreamSet([other ?? upstream.Config], new UpstreamLimits(), TimeProvider.System, logs),
            new GatewayOptions("test", TimeSpan.Zero, TimeSpan.FromMinutes(5), TimeSpan.FromDays(1), new CallLimits(1000, 8 << 20, 1 << 20), 16 << 20),
            TimeProvider.System, logs);
        Live = new LiveConnections(Gateway.Tools, logs.CreateLogger<LiveConnections>());
        Door = new McpFrontDoor(Gateway, new OwnTools(Gateway, TimeProvider.System, () => false), logs.CreateLogger<McpFrontDoor>());
    }

    public RawUpstream Upstream { get; }
    public Gateway Gateway { get; }
    public LiveConnections Live { get; }
    public McpFrontDoor Door { get; }

    /// <param name="other">The one upstream, where it is not to be <see cref="Upstream"/>.</param>
    public static async Task<RunningGateway> StartAsync(UpstreamConfig? other = null)
    {
        var gateway = new RunningGateway(await RawUpstream.StartAsync(), other);
        await gateway.Gateway.OpenAsync(CancellationToken.None);
        gateway.Gateway.Serve(() => true);
        return gateway;
    }

    /// <summary>What <see cref="GovernedTools"/> does when an upstream says so; the field is the event's own.</summary>
    public void RaiseChanged() => ((Action)typeof(GovernedTools)
        .GetField("Changed", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(Gateway.Tools)!)();

    public async ValueTask DisposeAsync()
    {
        Live.Dispose();
        await Gateway.DisposeAsync();
        await Upstream.DisposeAsync();
        _folder.Dispose();
    }
}
