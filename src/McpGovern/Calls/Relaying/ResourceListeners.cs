using System.Collections.Concurrent;
using System.Text.Json;
using McpGovern.Policy;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Who listens to which resource, and may.</summary>
internal sealed class ResourceListeners
{
    private readonly ConcurrentDictionary<(object Listener, string Uri), (Actor Actor, Upstream Upstream)> listening = new();
    private readonly GovernedResources resources;
    private readonly GovernedLists lists;
    private readonly Freezes freezes;

    public ResourceListeners(GovernedResources resources, GovernedLists lists, Freezes freezes)
    {
        (this.resources, this.lists, this.freezes) = (resources, lists, freezes);
        foreach (var upstream in lists.Upstreams)
        {
            upstream.ResourceUpdated += parameters => Tell(upstream, parameters);
        }
    }

    /// <summary>The listener hears that the resource of this address changed.</summary>
    public event Action<object, string>? Updated;

    /// <param name="listener">Told apart by reference.</param>
    /// <returns>Why it does not listen, or <c>null</c>.</returns>
    public async Task<CallAnswer.Error?> AddAsync(object listener, Actor actor, string uri, CancellationToken ct)
    {
        if (!actor.Roles.HasFlag(Roles.Caller) || await resources.FindAsync(uri, ct) is not { } found || !lists.MayRead(actor, found.Upstream, found.Definition))
        {
            return new(OwnWords.ResourceNotFound, "resource not found", null);
        }

        if (await freezes.WhyNotAsync(found.Server, actor.Id, ct) is { } frozen)
        {
            return new(OwnWords.NotRun, frozen, null);
        }

        try
        {
            var connection = await found.Upstream.ConnectAsync(ct);
            if (connection.SubscribesByRequest && !connection.Declares("resources/subscribe"))
            {
                return new(OwnWords.NotRun, $"'{found.Server}' does not tell of changes of its resources", null);
            }

            if (!listening.TryAdd((listener, uri), (actor, found.Upstream)))
            {
                return null;
            }

            var refusal = await found.Upstream.Interest.AddAsync(connection, uri, ct);
            if (refusal is not null)
            {
                listening.TryRemove((listener, uri), out _);
            }

            return refusal switch
            {
                null => null,
                UpstreamAnswer.Error error => new(error.Code, error.Message, error.DataJson),
                _ => new(OwnWords.NotRun, $"'{found.Server}' did not answer", null),
            };
        }
        catch (UpstreamUnavailableException e)
        {
            return new(OwnWords.NotRun, AgentText.Unavailable(found.Server, e.Message), null);
        }
    }

    public async Task RemoveAsync(object listener, string uri)
    {
        if (listening.TryRemove((listener, uri), out var entry))
        {
            var connection = entry.Upstream.IsConnected ? await entry.Upstream.ConnectAsync(CancellationToken.None) : null;
            await entry.Upstream.Interest.RemoveAsync(connection, uri);
        }
    }

    /// <summary>The listener is gone.</summary>
    public Task LeaveAsync(object listener) =>
        Task.WhenAll(listening.Keys.Where(key => key.Listener == listener).Select(key => RemoveAsync(listener, key.Uri)));

    // On the upstream's reader.
    private void Tell(Upstream upstream, ReadOnlyMemory<byte> parameters)
    {
        if (UriOf(parameters) is not { } uri)
        {
            return;
        }

        var resource = GovernedResources.Definition(PolicyName.Resource + uri);
        foreach (var (key, entry) in listening)
        {
            // Policy may have changed since: it is asked again each time.
            if (entry.Upstream == upstream && Covers(key.Uri, uri) && lists.MayRead(entry.Actor, upstream, resource))
            {
                Updated?.Invoke(key.Listener, uri);
            }
        }
    }

    /// <summary>What changed may lie below what was subscribed to.</summary>
    private static bool Covers(string subscribed, string changed) =>
        changed == subscribed || changed.StartsWith(subscribed.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static string? UriOf(ReadOnlyMemory<byte> parameters)
    {
        try
        {
            return JsonElement.Parse(parameters.Span).GetProperty("uri").GetString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
