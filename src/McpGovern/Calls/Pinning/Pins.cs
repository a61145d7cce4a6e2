using System.Collections.Concurrent;
using McpGovern.Policy;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Pins every tool's definition at first sight, and tightens what policy says of the calls of one that is another since.</summary>
internal sealed partial class Pins(PinStore store, PinEffect effect, TimeProvider time, ILogger<Pins> log)
{
    public const string FirstSight = "first sight";

    private const int MaxKnown = 10_000;

    /// <summary>How old the knowledge may be that a definition is the pinned one. A definition that is not known is always looked up.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string Fingerprint, string Tool, string Hash), long> known = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<ToolDefinition>> reviewed = new();
    private readonly Lock gate = new();
    private Task reviewing = Task.CompletedTask;

    public bool AreOn => effect != PinEffect.Off;

    /// <summary>Changed tools are not listed.</summary>
    public bool Withdraw => effect == PinEffect.Withdraw;

    /// <summary>What was set going and has not ended.</summary>
    public Task WhenIdleAsync()
    {
        lock (gate)
        {
            return reviewing;
        }
    }

    /// <param name="definition">What the upstream says now; where it is away only the hash of what was asked for is known.</param>
    /// <exception cref="StoreUnavailableException">Nobody knows: nothing may be sent.</exception>
    public async Task<Decision> JudgeAsync(Decision decision, string fingerprint, string server, string tool, string hash, ToolDefinition? definition, CancellationToken ct)
    {
        if (!AreOn || decision.Verdict == Verdict.Deny || PolicyName.KindOf(tool).Length > 0)
        {
            return decision;
        }

        var kinds = await ChangeAsync(fingerprint, server, tool, hash, definition?.Json, ct);
        return kinds.Count == 0 || ToolChange.IsCosmetic(kinds) ? decision : PinGate.Apply(decision, effect, string.Join(", ", kinds));
    }

    /// <summary>Looks at a whole list in the background; nothing waits for it, and a call looks for itself.</summary>
    public void Review(Upstream upstream, Func<string, bool> mayRequest)
    {
        if (!AreOn || upstream.KnownTools is not { } tools || (reviewed.TryGetValue(upstream.Config.Fingerprint, out var last) && ReferenceEquals(last, tools)))
        {
            return;
        }

        reviewed[upstream.Config.Fingerprint] = tools;
        lock (gate)
        {
            reviewing = AfterAsync(reviewing, upstream, tools, mayRequest);
        }
    }

    /// <summary>The names of the tools that changed; all, where that cannot be told.</summary>
    public async Task<IReadOnlySet<string>> ChangedAsync(Upstream upstream, IReadOnlyList<ToolDefinition> tools, Func<string, bool> mayRequest, CancellationToken ct)
    {
        try
        {
            return await LookAsync(upstream, tools, mayRequest, ct);
        }
        catch (Exception e) when (e is StoreUnavailableException or InvalidDataException)
        {
            LogNotReviewed(upstream.Name, e.Message);
            return tools.Select(tool => tool.Name).ToHashSet();
        }
    }

    private async Task AfterAsync(Task before, Upstream upstream, IReadOnlyList<ToolDefinition> tools, Func<string, bool> mayRequest)
    {
        await before;
        await Task.Yield();
        if (!IsLatest(upstream, tools))
        {
            return;
        }

        try
        {
            await LookAsync(upstream, tools, mayRequest, default);
        }
        // The process may be ending, and the store gone: whoever calls is told.
        catch (Exception e)
        {
            reviewed.TryRemove(upstream.Config.Fingerprint, out _);
            LogNotReviewed(upstream.Name, e.Message);
        }
    }

    private async Task<IReadOnlySet<string>> LookAsync(Upstream upstream, IReadOnlyList<ToolDefinition> tools, Func<string, bool> mayRequest, CancellationToken ct)
    {
        var fingerprint = upstream.Config.Fingerprint;
        var pins = (await store.AllAsync(fingerprint, ct)).ToDictionary(entry => entry.Pin.Tool);
        var changed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tool in tools.Where(tool => mayRequest(tool.Name)))
        {
            if (pins.TryGetValue(tool.Name, out var there) && there.Pin.Hash == tool.Hash)
            {
                await RestoreAsync(there.Pin, IsLatest(upstream, tools) ? there.Seen : null, ct);
            }
            else if (await ChangeAsync(fingerprint, upstream.Name, tool.Name, tool.Hash, tool.Json, ct) is { Count: > 0 } kinds && !ToolChange.IsCosmetic(kinds))
            {
                changed.Add(tool.Name);
            }
        }

        return changed;
    }

    // An earlier list says nothing of what was seen since.
    private static bool IsLatest(Upstream upstream, IReadOnlyList<ToolDefinition> tools) => upstream.KnownTools is not { } known || ReferenceEquals(known, tools);

    // It is again what was pinned: nothing is left to pin.
    private async Task RestoreAsync(ToolPin pin, SeenTool? seen, CancellationToken ct)
    {
        if (seen is not null)
        {
            await store.RecordObservedAsync(pin.Fingerprint, new("restored", pin.Server, pin.Tool, pin.Hash, seen.Hash, [], time.GetUtcNow()), ct);
            // Or it would be recorded once more for the next caller.
            await store.RemoveSeenAsync(pin.Fingerprint, pin.Tool, CancellationToken.None);
        }
    }

    private async Task<IReadOnlyList<string>> ChangeAsync(string fingerprint, string server, string tool, string hash, string? json, CancellationToken ct)
    {
        var definition = (fingerprint, tool, hash);
        if (known.TryGetValue(definition, out var since) && time.GetElapsedTime(since) < MaxAge)
        {
            return [];
        }

        var pin = await store.FindAsync(fingerprint, tool, ct);
        if (pin is null && json is not null)
        {
            pin = await store.AddAsync(new(fingerprint, server, tool, hash, json, FirstSight, time.GetUtcNow()), ct);
        }

        // A call from before there were pins, and its upstream is away: it is looked at again when that is back.
        if (pin is not null && pin.Hash != hash)
        {
            return await DifferenceAsync(pin, hash, json, ct);
        }

        if (pin is not null)
        {
            if (known.Count >= MaxKnown)
            {
                known.Clear();
            }

            known[definition] = time.GetTimestamp();
        }

        return [];
    }

    private async Task<IReadOnlyList<string>> DifferenceAsync(ToolPin pin, string hash, string? json, CancellationToken ct)
    {
        var seen = await store.FindSeenAsync(pin.Fingerprint, pin.Tool, ct);
        if (seen is { Kinds.Count: > 0 } && seen.Hash == hash && seen.Pinned == pin.Hash)
        {
            return seen.Kinds;
        }

        if (json is null)
        {
            return [ToolChange.Other];
        }

        // What differs without a name is unknown, and that is not harmless.
        var kinds = ToolChange.Kinds(pin.Definition, json) is { Count: > 0 } found ? found : [ToolChange.Other];
        var at = time.GetUtcNow();
        await store.RecordObservedAsync(pin.Fingerprint, new("changed", pin.Server, pin.Tool, hash, pin.Hash, kinds, at), ct);
        // Whoever goes away meanwhile: or it would be recorded once more for the next caller.
        await store.WriteSeenAsync(pin.Fingerprint, pin.Tool, new(hash, pin.Hash, json, kinds, at), CancellationToken.None);
        LogChanged(pin.Tool, pin.Server, string.Join(", ", kinds), ToolChange.IsCosmetic(kinds) ? "runs as before" : Withdraw ? "withdrawn" : "calls need an approval");
        return kinds;
    }

    [LoggerMessage(1060, LogLevel.Warning, "The definition of tool '{Tool}' of upstream '{Server}' is not the pinned one ({Kinds}): {Effect}")]
    private partial void LogChanged(string tool, string server, string kinds, string effect);

    [LoggerMessage(1061, LogLevel.Warning, "The tools of upstream '{Server}' were not compared with their pins: {Why}")]
    private partial void LogNotReviewed(string server, string why);
}
