using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;
using static McpGovern.Tests.Calls.TaskTalk;

namespace McpGovern.Tests.Calls;

/// <summary>What takes two writes is done with both, also for a caller that goes away after the first.</summary>
public sealed class GoneCallerStories : IAsyncLifetime, IDisposable
{
    private const string Up = "sha256:up", Before = """{"name":"pay","description":"Pays."}""", After = """{"name":"pay","description":"Pays twice."}""";

    private static readonly Actor Olga = new("olga", "key:olga", "key") { Roles = Roles.Operator };

    private readonly TempFolder folder = new();
    private readonly CancellationTokenSource gone = new();
    private WatchedStore store = null!;

    public async Task InitializeAsync()
    {
        store = new(CallStores.Open($"sqlite:{folder.File("calls.db")}", TimeProvider.System, NullLoggerFactory.Instance));
        await store.PrepareAsync(default);
    }

    public async Task DisposeAsync() => await store.DisposeAsync();

    public void Dispose()
    {
        gone.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Freeze_WhoseOperatorGoesAwayWhenItIsRecorded_Holds()
    {
        var (freezes, handler) = Freezing();
        GoesAwayAt("freeze_log:");

        Assert.Equal("recorded", (await handler.FreezeAsync(new(Olga, "all", null, "a drill", "rest"), gone.Token)).Answer);

        Assert.Equal("all", Assert.Single(await freezes.CurrentAsync(default)).Target);
    }

    [Fact]
    public async Task Unfreeze_WhoseOperatorGoesAwayWhenItIsRecorded_LetsGoOfAll()
    {
        var (freezes, handler) = Freezing();
        await handler.FreezeAsync(new(Olga, "all", null, "a drill", "rest"), default);
        await store.WriteAsync("freeze:server:x", "unreadable"u8.ToArray(), null, default);
        GoesAwayAt("freeze_log:");

        Assert.Equal("recorded", (await handler.UnfreezeAsync(new(Olga, "all", null, null, "rest"), gone.Token)).Answer);

        Assert.Empty(await freezes.CurrentAsync(default));
    }

    [Theory]
    [InlineData("pin_log:")]
    [InlineData("pin:")]
    public async Task Pin_WhoseOperatorGoesAwayMeanwhile_IsWhole(string at)
    {
        var pins = await ChangedAsync();
        var handler = new PinHandler(pins, [], TimeProvider.System, NullLogger<PinHandler>.Instance);
        GoesAwayAt(at);

        Assert.Equal("recorded", (await handler.PinAsync(new(Olga, "up.pay", "sha256:b", "seen to", "rest"), gone.Token)).Answer);

        var (pin, seen) = Assert.Single(await pins.AllAsync(Up, default));
        Assert.Equal(("sha256:b", null), (pin.Hash, seen));
    }

    /// <summary>A log that grows without its bound would be filled by whoever hangs up in time.</summary>
    [Theory]
    [InlineData("pin_log:")]
    [InlineData("pin_observed:")]
    public async Task Change_SeenForACallerThatGoesAway_IsNotedAndCountedOnce(string at)
    {
        var pins = new PinStore(store, TimeProvider.System);
        await pins.AddAsync(new(Up, "up", "pay", "sha256:a", Before, Pins.FirstSight, DateTimeOffset.UnixEpoch), default);
        var judge = new Pins(pins, PinEffect.Approve, TimeProvider.System, NullLogger<Pins>.Instance);
        var allowed = new Decision(Verdict.Allow, "default", "", null, "", null, Audited: false);
        GoesAwayAt(at);

        foreach (var ct in (CancellationToken[])[gone.Token, default])
        {
            Assert.Equal(Verdict.RequireApproval, (await judge.JudgeAsync(allowed, Up, "up", "pay", "sha256:b", new("pay", After, "sha256:b"), ct)).Verdict);
        }

        Assert.Single(await pins.HistoryAsync(default));
        Assert.Equal(1, JsonSerializer.Deserialize<ObservedChanges>(Assert.Single(await store.ReadAllAsync("pin_observed:", default, default)).Value)!.Count);
    }

    [Fact]
    public async Task Change_TakenBackForACallerThatGoesAway_IsNotedAndCountedOnce()
    {
        var pins = new PinStore(store, TimeProvider.System);
        var judge = new Pins(pins, PinEffect.Withdraw, TimeProvider.System, NullLogger<Pins>.Instance);
        await using var upstreams = new UpstreamSet([FakeUpstreamOptions.Config("fake")], new UpstreamLimits(), TimeProvider.System, NullLoggerFactory.Instance);
        var upstream = upstreams.All[0];
        await pins.AddAsync(new(upstream.Config.Fingerprint, "fake", "pay", "sha256:a", Before, Pins.FirstSight, DateTimeOffset.UnixEpoch), default);
        await pins.WriteSeenAsync(upstream.Config.Fingerprint, "pay", new("sha256:b", "sha256:a", After, ["instructions"], DateTimeOffset.UnixEpoch), default);
        GoesAwayAt("pin_log:");

        foreach (var ct in (CancellationToken[])[gone.Token, default])
        {
            Assert.Empty(await judge.ChangedAsync(upstream, [new("pay", Before, "sha256:a")], _ => true, ct));
        }

        Assert.Single(await pins.HistoryAsync(default));
    }

    [Fact]
    public async Task LastAnswer_OfACallerThatGoesAwayWhenItIsRecorded_MakesTheNextRound()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await StartAsync(story);
        var id = await gateway.AskedAsync();
        await gateway.GiveAsync(id, Why);
        await using var watched = new WatchedStore(CallStores.Open(story.StoreText, story.Time, NullLoggerFactory.Instance)) { Written = callId => (callId == id ? gone : null)?.Cancel() };
        var rounds = new TaskRounds(new(watched, story.Time), watched, gateway.Calls, new(gateway.Tools, gateway.Resources, gateway.Prompts),
            gateway.Dispatcher.Fingerprints, story.Limits, "story", story.Time);

        Assert.Null(await rounds.GiveAsync(Story.Agent, (await gateway.TaskAsync(id)).Current, Who, gone.Token));

        Assert.Equal(["succeeded", "pending"], (await gateway.AllAsync()).Select(c => c.Status));
    }

    private void GoesAwayAt(string prefix) => store.Written = key => (key.StartsWith(prefix, StringComparison.Ordinal) ? gone : null)?.Cancel();

    private (Freezes, FreezeHandler) Freezing()
    {
        var freezes = new Freezes(store, TimeProvider.System);
        return (freezes, new(store, freezes, [], TimeProvider.System, NullLogger<FreezeHandler>.Instance));
    }

    private async Task<PinStore> ChangedAsync()
    {
        var pins = new PinStore(store, TimeProvider.System);
        await pins.AddAsync(new(Up, "up", "pay", "sha256:a", Before, Pins.FirstSight, DateTimeOffset.UnixEpoch), default);
        await pins.WriteSeenAsync(Up, "pay", new("sha256:b", "sha256:a", After, ["instructions"], DateTimeOffset.UnixEpoch), default);
        return pins;
    }
}
