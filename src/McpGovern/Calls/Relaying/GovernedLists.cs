using McpGovern.Policy;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>An entry of one of the upstreams' lists, and whose it is.</summary>
internal sealed record Listed(Upstream Upstream, ToolDefinition Definition);

/// <summary>The lists of all upstreams but for their tools, read when they are asked for.</summary>
internal sealed partial class GovernedLists
{
    private readonly UpstreamSet upstreams;
    private readonly PolicySource policy;
    private readonly ILogger log;

    public GovernedLists(UpstreamSet upstreams, PolicySource policy, ILogger<GovernedLists> log)
    {
        (this.upstreams, this.policy, this.log) = (upstreams, policy, log);
        foreach (var upstream in upstreams.All)
        {
            upstream.ListChanged += list => Changed?.Invoke(list);
        }
    }

    /// <summary>Agents may see other <c>resources</c> or <c>prompts</c> now.</summary>
    public event Action<string>? Changed;

    /// <summary>How long upstreams that have not answered are waited for.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(10);

    public bool OnlyUpstream => upstreams.All.Count == 1;

    public IReadOnlyList<Upstream> Upstreams => upstreams.All;

    /// <summary>Another policy is in force.</summary>
    public void PolicyChanged()
    {
        Changed?.Invoke(ListKind.Resources.Capability);
        Changed?.Invoke(ListKind.Prompts.Capability);
    }

    /// <summary>Whether policy leaves the actor a way to ask for it.</summary>
    public bool MayRequest(Actor actor, Upstream upstream, string prefixedName) =>
        actor.Roles.HasFlag(Roles.Caller) && policy.Current.Set.MayRequest(upstream.Name, prefixedName, OnlyUpstream);

    /// <summary>Whether policy leaves the actor a way to read this very resource.</summary>
    public bool MayRead(Actor actor, Upstream upstream, ToolDefinition resource) => actor.Roles.HasFlag(Roles.Caller)
        && policy.Current.Set.Evaluate(new(upstream.Name, resource.Name, resource.Json, OnlyUpstream)).Verdict != Verdict.Deny;

    /// <summary>What the upstreams have, in the settings' order; of one that is away, what it had when it was last seen.</summary>
    public async Task<IReadOnlyList<Listed>> ReadAsync(ListKind kind, CancellationToken ct)
    {
        var reading = Task.WhenAll(upstreams.All.Select(upstream => TryReadAsync(upstream, kind)));
        try
        {
            await reading.WaitAsync(Patience, ct);
        }
        catch (TimeoutException)
        {
            // As with tools: one that is slow to start keeps nobody else's entries away.
            _ = reading.ContinueWith(_ => Changed?.Invoke(kind.Capability), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        return Known(kind);
    }

    /// <summary>The same without asking anybody.</summary>
    public IReadOnlyList<Listed> Known(ListKind kind) =>
        [.. upstreams.All.SelectMany(upstream => (upstream.Known(kind) ?? []).Select(definition => new Listed(upstream, definition)))];

    private async Task TryReadAsync(Upstream upstream, ListKind kind)
    {
        try
        {
            await upstream.ListAsync(kind, CancellationToken.None);
        }
        catch (UpstreamUnavailableException e)
        {
            LogUnread(upstream.Name, kind.Method, e.Message);
        }
    }

    [LoggerMessage(1006, LogLevel.Warning, "Upstream '{Server}' gives no {List} now: {Why}")]
    private partial void LogUnread(string server, string list, string why);
}
