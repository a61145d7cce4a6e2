using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Calls;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.ConsolePages;

/// <summary>A gateway whose pages are served; the server may end and begin again over the same store.</summary>
internal sealed class ConsoleHouse : IAsyncDisposable
{
    public const string AliceKey = "the-key-of-alice-0123456789", BobKey = "the-key-of-bob-0123456789",
        CarolKey = "the-key-of-carol-0123456789", AgentKey = "the-key-of-the-agent-0123456789";

    public static readonly ActorEntry
        Alice = new("alice", Roles.Caller | Roles.Approver, [], AliceKey),
        Bob = new("bob", Roles.Approver, [], BobKey),
        Carol = new("carol", Roles.Caller, [], CarolKey),
        Agent = new("agent:coder", Roles.Caller, [], AgentKey);

    private readonly Story story;
    private HttpServe? serve;
    private LiveConnections? live;

    private ConsoleHouse(string policy) => story = new Story(policy);

    public Gateway Gateway { get; private set; } = null!;
    public MovableTime Time => story.Time;
    public Uri Address => serve!.Address;

    /// <summary>What really ran.</summary>
    public string[] Ledger => story.Ledger;

    public static async Task<ConsoleHouse> OpenAsync(string policy = Story.Gated, TimeSpan hold = default, Uri? publicUrl = null, Uri? listen = null)
    {
        var house = new ConsoleHouse(policy);
        house.Gateway = await house.story.StartAsync(hold);
        await house.ServeAsync([Alice, Bob, Carol, Agent], publicUrl, listen);
        return house;
    }

    /// <summary>Ends the server that is there, and begins again with these actors.</summary>
    public async Task ServeAsync(ActorEntry[] actors, Uri? publicUrl = null, Uri? listen = null)
    {
        await StopAsync();
        live = new LiveConnections(Gateway, NullLogger<LiveConnections>.Instance);
        var door = new McpFrontDoor(Gateway, new OwnTools(Gateway, Time, () => false), NullLogger<McpFrontDoor>.Instance);
        var options = new HttpOptions(listen ?? new Uri("http://127.0.0.1:0"), actors, "", "alice") { PublicUrl = publicUrl };
        serve = await HttpServe.StartAsync(options, new Authenticator([new KeyRing(actors)]), Gateway, door, live, _ => Task.CompletedTask, Time, NullLoggerFactory.Instance, default);
    }

    public ConsoleVisitor Visitor() => new(() => Address);

    public async Task<ConsoleVisitor> VisitorAsync(string key)
    {
        var visitor = Visitor();
        Assert.Equal(303, (await visitor.LoginAsync(key)).Status);
        return visitor;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await story.DisposeAsync();
    }

    private async Task StopAsync()
    {
        await (serve?.DisposeAsync() ?? default);
        live?.Dispose();
    }
}
