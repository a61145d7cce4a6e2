using System.Text;
using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Server;

/// <summary>A whole gateway over a real SQLite store and one upstream, with doors to open.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    private const string Policy = "require_approval_for: [pay]\nrules:\n  - { match: pay, action: require_approval, approval_timeout: 3600 }\n";

    private readonly TempFolder? _own;

    private RunningGateway(RawUpstream upstream, RunningOptions options)
    {
        Upstream = upstream;
        var time = options.Time;
        _own = options.Folder is null ? new TempFolder() : null;
        var logs = options.Logs;
        var policy = options.PolicyFile?.Read() ?? PolicyFileReader.Read(Encoding.UTF8.GetBytes(options.Policy ?? Policy), "test.yaml");
        Assert.Empty(policy.Errors);
        Gateway = new Gateway(
            CallStores.Open($"sqlite:{(options.Folder ?? _own!).File("calls.db")}", time, logs),
            new PolicySource(PolicySet.Create([policy.File!]), options.PolicyFile is { } file ? [file] : [], time),
            new UpstreamSet(options.Upstreams is { Length: > 0 } upstreams ? upstreams : [upstream.Config], UpstreamHost.Unhurried, time, logs),
            new GatewayOptions("test", options.Hold, TimeSpan.FromMinutes(5), TimeSpan.FromDays(1), options.Limits, 16 << 20)
            {
                PublicUrl = options.PublicUrl,
            },
            time, logs);
        (Gateway.Tools.Patience, Gateway.Lists.Patience) = (Eventually.Limit, Eventually.Limit);
        Live = new LiveConnections(Gateway, logs.CreateLogger<LiveConnections>());
        Door = new McpFrontDoor(Gateway, new OwnTools(Gateway, time, () => false), logs.CreateLogger<McpFrontDoor>());
    }

    public RawUpstream Upstream { get; }
    public Gateway Gateway { get; }
    public LiveConnections Live { get; }
    public McpFrontDoor Door { get; }

    public static async Task<RunningGateway> StartAsync(RunningOptions? options = null)
    {
        var gateway = new RunningGateway(await RawUpstream.StartAsync(), options ?? new());
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
        _own?.Dispose();
    }
}

/// <summary>What a test wants otherwise; nobody waits for a decision unless it says so.</summary>
internal sealed record RunningOptions
{
    public string? Policy { get; init; }

    /// <summary>In place of the one that answers in raw text.</summary>
    public UpstreamConfig[] Upstreams { get; init; } = [];

    /// <summary>A policy that is read again when it changes.</summary>
    public PolicyInput? PolicyFile { get; init; }

    public TimeSpan Hold { get; init; }
    public Uri? PublicUrl { get; init; }
    public ILoggerFactory Logs { get; init; } = NullLoggerFactory.Instance;
    public CallLimits Limits { get; init; } = new(1000, 8 << 20, 1 << 20);
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the store is, for gateways that share it.</summary>
    public TempFolder? Folder { get; init; }
}
