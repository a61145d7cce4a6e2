using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>A tool behind us, as one of its definitions has it; or a resource or prompt, under the name that it is recorded by.</summary>
internal sealed record GovernedTool(Upstream Upstream, ToolDefinition Definition)
{
    public string Server => Upstream.Name;
    public string Tool => Definition.Name;
}

/// <summary>The tools that agents see, and which upstream tool each name stands for.</summary>
internal sealed partial class GovernedTools
{
    private static readonly TimeSpan AnswerFirst = TimeSpan.FromMilliseconds(200);
    private static readonly string[] Reserved = ["jamjet_", "mcpgovern_", PolicyName.Resource, PolicyName.Prompt];

    private readonly UpstreamSet upstreams;
    private readonly PolicySource policy;
    private readonly ToolMemory memory;
    private readonly Pins pins;
    private string toldTwins = "";
    private readonly ILogger log;

    public GovernedTools(UpstreamSet upstreams, PolicySource policy, ToolMemory memory, Pins pins, ILogger<GovernedTools> log)
    {
        (this.upstreams, this.policy, this.memory, this.pins, this.log) = (upstreams, policy, memory, pins, log);
        foreach (var upstream in upstreams.All)
        {
            upstream.ToolsChanged += () =>
            {
                pins.Review(upstream, tool => MayRequest(upstream, tool));
                Changed?.Invoke();
            };
        }
    }

    /// <summary>Raised when what <see cref="ListAsync"/> answers may have changed.</summary>
    public event Action? Changed;

    /// <summary>How long a list waits for upstreams that are not connected.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Names of our own tools, which no upstream's may take or look like, and those that policy would take for no tool's.</summary>
    public static bool IsReserved(string tool) => Reserved.Any(prefix => tool.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>Another policy is in force.</summary>
    public void PolicyChanged() => Changed?.Invoke();

    public bool OnlyUpstream => upstreams.All.Count == 1;

    /// <summary>The definitions (JSON objects, under their advertised names) of the tools that the actor may at least request, in a stable order.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(Actor actor, CancellationToken ct)
    {
        if (!actor.Roles.HasFlag(Roles.Caller))
        {
            return [];
        }

        await ConnectAllAsync(await RememberedAsync(ct), ct);
        TellTwins();
        var withdrawn = await WithdrawnAsync(ct);
        var present = Known().Where(t => t.Upstream.LastFailure is null && !withdrawn.Contains((t.Server, t.Tool))).ToArray();
        return
        [
            .. Names(Known())
                .OrderBy(n => n.Key, StringComparer.Ordinal)
                .Select(n => (n.Key, Tool: present.FirstOrDefault(t => t.Server == n.Value.Server && t.Tool == n.Value.Tool)))
                .Where(n => n.Tool is not null && MayRequest(n.Tool.Upstream, n.Tool.Tool))
                .Select(n => ToolJson.Advertise(n.Tool!.Definition.Json, n.Key)),
        ];
    }

    private bool MayRequest(Upstream upstream, string tool) => !IsReserved(tool) && policy.Current.Set.MayRequest(upstream.Name, tool, OnlyUpstream);

    // What is listed from now on is what was seen; unless changed tools are withdrawn, nobody waits for that to be noted.
    private async Task<HashSet<(string Server, string Tool)>> WithdrawnAsync(CancellationToken ct)
    {
        var withdrawn = new HashSet<(string Server, string Tool)>();
        foreach (var upstream in upstreams.All)
        {
            if (!pins.Withdraw)
            {
                pins.Review(upstream, tool => MayRequest(upstream, tool));
            }
            else if ((upstream.KnownTools ?? memory.Of(upstream)) is { Count: > 0 } tools)
            {
                var changed = await pins.ChangedAsync(upstream, tools, tool => MayRequest(upstream, tool), ct);
                withdrawn.UnionWith(changed.Select(tool => (upstream.Name, tool)));
            }
        }

        return withdrawn;
    }

    private void TellTwins()
    {
        var twins = string.Join("; ", NameTwins.Find(Known().Select(t => (t.Server, t.Tool))).Select(group => string.Join(" and ", group.Select(t => $"{t.Server}.{t.Tool}"))));
        if (Interlocked.Exchange(ref toldTwins, twins) != twins && twins.Length > 0)
        {
            LogTwins(twins);
        }
    }

    /// <summary>The tool behind an advertised name, or <c>null</c> where no upstream was ever seen to have it.</summary>
    public Task<GovernedTool?> FindAsync(string advertised, CancellationToken ct) => FindAsync(() => Find(advertised), ct);

    /// <summary>The tool that a record names, or <c>null</c> where that server was never seen to have it.</summary>
    public Task<GovernedTool?> FindAsync(string server, string tool, CancellationToken ct) =>
        FindAsync(() => Known().FirstOrDefault(t => t.Server == server && t.Tool == tool), ct);

    // What is to be called is waited for longer than a list: that there is no such tool is said when all upstreams are up, or cannot be started.
    private async Task<GovernedTool?> FindAsync(Func<GovernedTool?> find, CancellationToken ct)
    {
        if (find() is { } known)
        {
            return known;
        }

        var connecting = await ConnectAllAsync([], ct);
        await memory.RecallAsync(upstreams.All.Where(u => u.KnownTools is null), ct);
        if (find() is { } found)
        {
            return found;
        }

        await connecting.WaitAsync(ct);
        return find();
    }

    private GovernedTool? Find(string advertised)
    {
        var known = Known();
        return Names(known).TryGetValue(advertised, out var pair) ? known.First(t => t.Server == pair.Server && t.Tool == pair.Tool) : null;
    }

    private GovernedTool[] Known() =>
    [
        .. from upstream in upstreams.All
           from definition in upstream.KnownTools ?? memory.Of(upstream)
           where !IsReserved(definition.Name)
           select new GovernedTool(upstream, definition),
    ];

    private IReadOnlyDictionary<string, (string Server, string Tool)> Names(IEnumerable<GovernedTool> tools) =>
        AdvertisedNames.Assign([.. tools.Select(t => (t.Server, t.Tool))], OnlyUpstream);

    // Upstreams that this process has not met, and the store has: a client that has just started us need not wait until they are up.
    private async Task<Upstream[]> RememberedAsync(CancellationToken ct)
    {
        var unmet = upstreams.All.Where(u => u.KnownTools is null && u.LastFailure is null).ToArray();
        try
        {
            await memory.RecallAsync(unmet, ct);
        }
        catch (StoreUnavailableException)
        {
            // Then they are waited for.
        }

        return [.. unmet.Where(u => memory.Of(u).Count > 0)];
    }

    // One upstream that is slow to start must not keep the others' tools away; when it comes, the list has changed.
    private async Task<Task> ConnectAllAsync(Upstream[] remembered, CancellationToken ct)
    {
        foreach (var upstream in remembered)
        {
            _ = CorrectAsync(upstream, memory.Of(upstream));
        }

        var connecting = Task.WhenAll(upstreams.All.Except(remembered).Select(TryConnectAsync));
        try
        {
            await connecting.WaitAsync(Patience, ct);
        }
        catch (TimeoutException)
        {
            _ = connecting.ContinueWith(_ => Changed?.Invoke(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        return connecting;
    }

    // What was listed from memory is what a call is judged and parked by; what runs is compared with the live definition when it is sent.
    private async Task CorrectAsync(Upstream upstream, IReadOnlyList<ToolDefinition> listed)
    {
        // The answer first: starting a program takes what the machine has. A call does not wait for this.
        await Task.Delay(AnswerFirst);
        await TryConnectAsync(upstream);
        if (upstream.KnownTools is not { } known || !known.SequenceEqual(listed))
        {
            Changed?.Invoke();
        }
    }

    private async Task TryConnectAsync(Upstream upstream)
    {
        try
        {
            var connection = await upstream.ConnectAsync(CancellationToken.None);
            foreach (var tool in connection.Tools.Where(t => IsReserved(t.Name)))
            {
                LogReserved(upstream.Name, tool.Name);
            }

            await memory.KeepAsync(upstream, connection.Tools, CancellationToken.None);
        }
        catch (UpstreamUnavailableException e)
        {
            LogAway(upstream.Name, e.Message);
        }
    }

    [LoggerMessage(1001, LogLevel.Warning, "Upstream '{Server}' is away, and its tools with it: {Why}")]
    private partial void LogAway(string server, string why);

    [LoggerMessage(1062, LogLevel.Warning, "Tools of several servers are called alike, and one may be taken for the other: {Twins}")]
    private partial void LogTwins(string twins);

    [LoggerMessage(1002, LogLevel.Warning, "Tool '{Tool}' of upstream '{Server}' is not exposed: names that begin with jamjet_, mcpgovern_, resource: or prompt: are reserved")]
    private partial void LogReserved(string server, string tool);
}
