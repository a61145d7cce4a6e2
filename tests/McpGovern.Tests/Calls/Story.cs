using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Calls;

/// <summary>A store, a policy file, and an upstream that is a process of its own with a ledger; gateways come and go around them.</summary>
internal sealed class Story : IAsyncDisposable
{
    public const string Gated = "default: require_approval", Open = "default: allow";

    /// <summary>Longer than anything takes here, however busy the machine is.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    public static readonly Actor
        Agent = new("agent:coder", "stdio:agent:coder", "stdio"),
        Alice = new("alice", "key:alice", "key") { Roles = Roles.Caller | Roles.Approver },
        Bob = new("bob", "key:bob", "key") { Roles = Roles.Caller | Roles.Approver };

    private readonly TempFolder folder = new();
    private readonly List<Gateway> gateways = [];

    public Story(string policy) => WritePolicy(policy);

    public MovableTime Time { get; } = new();

    public CallLimits Limits { get; init; } = new(1000, 8 << 20, 1 << 20);

    public string StoreText => $"sqlite:{folder.File("calls.db")}";

    public ILoggerFactory Logs { get; init; } = NullLoggerFactory.Instance;

    public PinEffect Pins { get; init; } = PinEffect.Approve;

    /// <summary>What really ran: tool and arguments.</summary>
    public string[] Ledger => Lines("ledger");

    /// <summary>What the upstream was told.</summary>
    public string[] Log => Lines("log");

    public void WritePolicy(string text) => folder.Replace("policy.yaml", text);

    /// <summary>A file that is not there yet.</summary>
    public string File(string name) => folder.File(name);

    /// <summary>While away the upstream cannot be started.</summary>
    public void SetAway(bool away)
    {
        if (away)
        {
            folder.Write("away", "");
        }
        else
        {
            System.IO.File.Delete(folder.File("away"));
        }
    }

    /// <summary>Takes effect when the upstream is asked for its tools again.</summary>
    public void Redescribe(string text) => folder.Replace("description", text);

    /// <summary>Further tools, by their whole definitions; takes effect like <see cref="Redescribe"/>.</summary>
    public void Define(params IEnumerable<string> definitions) => folder.Replace("definitions", string.Join('\n', definitions));

    /// <summary>The upstream says that its tools changed.</summary>
    public const string Tell = "notify", ToolsChanged = """{"method":"notifications/tools/list_changed"}""";

    public UpstreamConfig Upstream(string name = "fake", params string[] more) => FakeUpstreamOptions.Config(
        name, [.. more, "--ledger", folder.File("ledger"), "--log", folder.File("log"), "--away", folder.File("away"), "--describe", folder.File("description"), "--define", folder.File("definitions")]);

    /// <summary>A gateway as a process would have it.</summary>
    /// <param name="hold">None, where a story does not wait for a decision.</param>
    /// <param name="serve">Off for one that never runs a call that nobody here waits for.</param>
    /// <param name="time">Its own, of one on another machine.</param>
    public async Task<Gateway> StartAsync(TimeSpan hold = default, string scope = "story", bool serve = true, UpstreamConfig[]? upstreams = null,
        string? storeText = null, TimeSpan? callTimeout = null, TimeProvider? time = null)
    {
        time ??= Time;
        var input = new PolicyInput(folder.File("policy.yaml"), "policy.yaml", Inline: null);
        var reading = input.Read();
        Assert.Empty(reading.Errors);
        var gateway = new Gateway(
            CallStores.Open(storeText ?? StoreText, time, NullLoggerFactory.Instance),
            new PolicySource(PolicySet.Create([reading.File!]), [input], time),
            new UpstreamSet(upstreams ?? [Upstream()], UpstreamHost.Unhurried, time, NullLoggerFactory.Instance),
            new GatewayOptions(scope, hold, callTimeout ?? TimeSpan.FromMinutes(5), TimeSpan.FromDays(30), Limits, 16 << 20) { Pins = Pins },
            time, Logs);
        (gateway.Tools.Patience, gateway.Lists.Patience) = (Eventually.Limit, Eventually.Limit);
        gateways.Add(gateway);
        if (storeText is null)
        {
            await gateway.OpenAsync(default);
        }

        if (serve)
        {
            gateway.Serve(() => true);
        }

        return gateway;
    }

    public async Task StopAsync(Gateway gateway)
    {
        gateways.Remove(gateway);
        await gateway.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }

        folder.Dispose();
    }

    private string[] Lines(string file) => System.IO.File.Exists(folder.File(file)) ? System.IO.File.ReadAllLines(folder.File(file)) : [];
}
