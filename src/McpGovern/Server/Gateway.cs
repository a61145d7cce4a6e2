using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Server;

/// <param name="Scope">Whose calls these are: only processes of the same scope run each other's.</param>
/// <param name="Hold">How long a parked call's answer waits for its decision.</param>
/// <param name="CallTimeout">After it, a call that was sent is <c>outcome_unknown</c>.</param>
/// <param name="MaxKeptResult">Bytes.</param>
internal sealed record GatewayOptions(string Scope, TimeSpan Hold, TimeSpan CallTimeout, TimeSpan Retention, CallLimits Limits, long MaxKeptResult)
{
    /// <summary>Where people find the approval page, ending in a slash; <c>null</c> where that is not known, or only once it is served.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>What becomes of the calls of a tool whose definition changed.</summary>
    public PinEffect Pins { get; init; } = PinEffect.Approve;
}

/// <summary>What the doors work with: one per process, wired here and nowhere else.</summary>
internal sealed class Gateway : IAsyncDisposable
{
    private readonly LeaseKeeper lease;
    private readonly Sweeper sweeper;
    private readonly Outcomes outcomes;
    private readonly TaskFollower follower;
    private readonly PolicyReloader reloader;
    private readonly Pins pins;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource<string> refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task sweeping = Task.CompletedTask;
    private bool isOpen;

    public Gateway(ICallStore store, PolicySource policy, UpstreamSet upstreams, GatewayOptions options, TimeProvider time, ILoggerFactory logs)
    {
        (Store, Upstreams, Policy, Retention) = (store, upstreams, policy, options.Retention);
        Links = new ApprovalLinks(options.PublicUrl);
        upstreams.Memory = new EraMemory(store, time, logs.CreateLogger<EraMemory>());
        States = new SealedState(store, time);
        Time = time;
        var onlyUpstream = upstreams.All.Count == 1;
        var streams = new CallStreams(store, time);
        lease = new LeaseKeeper(store, time, logs.CreateLogger<LeaseKeeper>());
        var pinStore = new PinStore(store, time);
        pins = new Pins(pinStore, options.Pins, time, logs.CreateLogger<Pins>());
        PinHandler = new PinHandler(pinStore, [.. upstreams.All.Select(u => u.Config.Fingerprint)], time, logs.CreateLogger<PinHandler>());
        var sessions = new UpstreamSessions(upstreams, lease);
        var check = new ApprovalCheck(streams, policy, pins, sessions, onlyUpstream, time);
        var freezes = new Freezes(store, time);
        outcomes = new Outcomes(streams, new LastLook(streams, freezes, lease, time), time, options.CallTimeout, options.MaxKeptResult, logs.CreateLogger<Outcomes>());
        FreezeHandler = new FreezeHandler(store, freezes, [.. upstreams.All.Select(u => u.Name)], time, logs.CreateLogger<FreezeHandler>());
        var grants = new Grants(streams, store, onlyUpstream, time, logs.CreateLogger<Grants>());
        GrantHandler = new GrantHandler(store, policy, onlyUpstream, options.Scope, time, logs.CreateLogger<GrantHandler>());
        var delivery = new Delivery(streams, store, UrlOf, time);
        var talk = new TaskTalk(upstreams, options.Scope);
        follower = new TaskFollower(streams, talk, outcomes, lease, time, logs.CreateLogger<TaskFollower>());
        UpstreamTasks = new TaskRelay(streams, talk, follower, freezes, policy, onlyUpstream, options.Limits, time, logs.CreateLogger<TaskRelay>());
        Dispatcher = new Dispatcher(
            streams, upstreams, policy, check, freezes, grants, sessions, outcomes, follower, lease, options.Scope, time, logs.CreateLogger<Dispatcher>());
        Recovery = new Recovery(streams, Dispatcher, outcomes, follower, sessions, time, logs.CreateLogger<Recovery>());
        sweeper = new Sweeper(store, streams, Dispatcher, Recovery, outcomes, freezes, sessions, upstreams, options.Scope, options.Retention, time, logs.CreateLogger<Sweeper>());
        Tools = new GovernedTools(upstreams, policy, new ToolMemory(store, options.Scope), pins, logs.CreateLogger<GovernedTools>());
        Lists = new GovernedLists(upstreams, policy, logs.CreateLogger<GovernedLists>());
        Resources = new GovernedResources(Lists, logs.CreateLogger<GovernedResources>());
        Prompts = new GovernedPrompts(Lists);
        Listeners = new ResourceListeners(Resources, Lists, freezes);
        Completions = new Completions(Resources, Prompts, Lists, freezes);
        var definitions = new CurrentDefinitions(upstreams);
        Decisions = new DecisionHandler(streams, new DecisionTarget(streams, store), check, definitions, options.Scope, time, logs.CreateLogger<DecisionHandler>());
        reloader = new PolicyReloader(policy, Tools, Lists, store, streams, check, definitions, options.Scope, time, logs.CreateLogger<PolicyReloader>());
        var names = new GovernedNames(Tools, Resources, Prompts);
        Calls = new CallHandler(names, onlyUpstream, policy, pins, streams, new Attachment(streams, store, time), new Effects(streams, time), freezes, grants, sessions,
            new Hold(streams, store, Dispatcher, delivery, UrlOf, options.Hold, time), Dispatcher, new Forwarder(outcomes, follower, lease, freezes, pins), outcomes, lease, options.Limits,
            new ParkingPlaces(options.Limits, store, options.Scope, new RefusalPace(time)), options.Scope, time, logs.CreateLogger<CallHandler>());
        Rounds = new TaskRounds(streams, store, Calls, names, Dispatcher.Fingerprints, options.Limits, options.Scope, time);
        Queries = new CallQueries(streams, store, check, Rounds, delivery, UrlOf);
    }

    public ICallStore Store { get; }
    public UpstreamSet Upstreams { get; }
    public PolicySource Policy { get; }

    /// <summary>How long an ended call's result is kept.</summary>
    public TimeSpan Retention { get; }

    /// <summary>What clients carry for us between two requests.</summary>
    public SealedState States { get; }

    public TimeProvider Time { get; }
    public CallHandler Calls { get; }
    public TaskRounds Rounds { get; }
    public DecisionHandler Decisions { get; }
    public FreezeHandler FreezeHandler { get; }
    public GrantHandler GrantHandler { get; }
    public PinHandler PinHandler { get; }
    public CallQueries Queries { get; }
    public GovernedTools Tools { get; }
    public GovernedLists Lists { get; }
    public GovernedResources Resources { get; }
    public GovernedPrompts Prompts { get; }
    public ResourceListeners Listeners { get; }
    public Completions Completions { get; }
    public TaskRelay UpstreamTasks { get; }
    public Dispatcher Dispatcher { get; }
    public Recovery Recovery { get; }

    /// <summary>Set once more by the server that serves the page, which learns its port only when it has it.</summary>
    public ApprovalLinks Links { get; set; }

    /// <summary>How long what is under way may take to end by itself when the process ends.</summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Ends where the store was away at first and, when it came, was none that this process may use: says why. Such a process has to end.</summary>
    public Task<string> Refused => refused.Task;

    /// <summary>Makes the store ready, unless that was done; past-due calls expire before any decision is taken.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be reached.</exception>
    public async Task OpenAsync(CancellationToken ct)
    {
        if (!isOpen)
        {
            await Store.PrepareAsync(ct);
            await sweeper.ExpireAsync(ct);
            isOpen = true;
        }
    }

    /// <summary>Begins to do what is due: for processes that serve.</summary>
    public void Serve(Func<bool> mayClaim) => sweeping = Task.WhenAll(sweeper.RunAsync(mayClaim, OpenLateAsync, stop.Token), reloader.RunAsync(stop.Token));

    private async Task OpenLateAsync(CancellationToken ct)
    {
        try
        {
            await OpenAsync(ct);
        }
        catch (StoreRefusedException e) when (!isOpen)
        {
            refused.TrySetResult(e.Message);
            // Nothing may be done with it any more.
            await Task.Delay(Timeout.Infinite, ct);
        }
    }

    // Gated calls and allowed ones.
    private Task IdleAsync() => Task.WhenAll(Task.WhenAny(Dispatcher.WhenIdleAsync(), Task.Delay(Grace)), outcomes.WhenIdleAsync(Grace));

    private string? UrlOf(string callId) => Links.For(callId);

    /// <summary>Takes up nothing new, gives what is under way a moment to end, and lets go of upstreams and store.</summary>
    public async ValueTask DisposeAsync()
    {
        FaultPoints.At(FaultPoint.DrainBegun);
        await stop.CancelAsync();
        await sweeping;
        Dispatcher.Close();
        await IdleAsync();
        // What goes on as an upstream's task is the next process's.
        await Task.WhenAny(follower.DisposeAsync().AsTask(), Task.Delay(Grace));
        await Upstreams.DisposeAsync();
        // What was cut off there is recorded now: as unknown where it was sent.
        await IdleAsync();
        if (lease.IsHeld)
        {
            await Task.WhenAny(sweeper.FinishAsync(), Task.Delay(Grace));
        }

        await Task.WhenAny(pins.WhenIdleAsync(), Task.Delay(Grace));
        await lease.DisposeAsync();
        FaultPoints.At(FaultPoint.DrainBeforeStoreCloses);
        await Store.DisposeAsync();
        stop.Dispose();
    }
}
