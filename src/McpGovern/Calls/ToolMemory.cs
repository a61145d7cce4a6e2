using System.Collections.Concurrent;
using System.Text.Json;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Keeps the last known definitions in the store, so that a tool whose upstream is away can still be asked for.</summary>
internal sealed class ToolMemory(ICallStore store, string scope)
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<ToolDefinition>> recalled = new();

    public IReadOnlyList<ToolDefinition> Of(Upstream upstream) => recalled.GetValueOrDefault(upstream.Config.Fingerprint) ?? [];

    public async Task RecallAsync(IEnumerable<Upstream> upstreams, CancellationToken ct)
    {
        foreach (var upstream in upstreams.Where(u => !recalled.ContainsKey(u.Config.Fingerprint)))
        {
            if (await store.LoadToolsAsync(scope, upstream.Config.Fingerprint, ct) is { } json)
            {
                recalled[upstream.Config.Fingerprint] = JsonSerializer.Deserialize<ToolDefinition[]>(json)!;
            }
        }
    }

    public async Task KeepAsync(Upstream upstream, IReadOnlyList<ToolDefinition> tools, CancellationToken ct)
    {
        if (Of(upstream).SequenceEqual(tools))
        {
            return;
        }

        try
        {
            await store.SaveToolsAsync(scope, upstream.Config.Fingerprint, JsonSerializer.Serialize(tools), ct);
            recalled[upstream.Config.Fingerprint] = tools;
        }
        catch (StoreUnavailableException)
        {
            // The list is a convenience: without it the tools of an upstream that goes away are unknown, which refuses their calls.
        }
    }
}
