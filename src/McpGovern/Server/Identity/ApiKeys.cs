using System.Collections.Concurrent;
using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.Server;

/// <summary>Keys that were made with <c>keys create</c>: in the store, so that all processes know them, and revoked for all of them at once.</summary>
/// <param name="entries">The settings' actors: a key for one of them has its groups, and no more than its roles.</param>
internal sealed class ApiKeys(ISharedState shared, IReadOnlyList<ActorEntry> entries, TimeProvider time) : ILoginKeys
{
    /// <summary>So that a new one is in use before the old one goes.</summary>
    public const int MostLive = 2;

    private const string Prefix = "apikey:";
    private const int MostRemembered = 10_000;

    // How long a revoked key may still be let in.
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, (ApiKey? Key, long At)> _remembered = new(StringComparer.Ordinal);

    /// <returns>The key with its text, which nobody can have again; or why there is none.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async Task<(string? Text, ApiKey? Key, string? WhyNot)> CreateAsync(
        string actor, IReadOnlyList<string> roles, TimeSpan? life, string by, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var live = (await ListAsync(ct)).Where(key => key.Actor == actor && key.IsLive(now)).ToArray();
        if (live.Length >= MostLive)
        {
            return (null, null, $"{actor} has {live.Length} live keys already ({string.Join(", ", live.Select(key => key.Id))}); revoke one first: mcpgovern keys revoke ID");
        }

        var (text, made) = ApiKey.New(actor, roles, by, now, life);
        ct.ThrowIfCancellationRequested();
        // Not to be called back: a key that is kept and was shown to nobody would take the place of one.
        await shared.WriteAsync(Prefix + made.Id, made.Write(), until: null, CancellationToken.None);
        return (text, made, null);
    }

    /// <summary>Oldest first, with those that are over.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken ct) =>
        [.. (await shared.ReadAllAsync(Prefix, time.GetUtcNow(), ct)).Select(entry => ApiKey.Read(entry.Value)).OrderBy(key => key.CreatedAt)];

    /// <returns>The key as it is now, or <c>null</c> where there is none of this id.</returns>
    public async Task<ApiKey?> RevokeAsync(string id, string by, CancellationToken ct)
    {
        if (await ReadAsync(id, ct) is not { } key)
        {
            return null;
        }

        if (key.RevokedAt is null)
        {
            key = key with { RevokedAt = time.GetUtcNow(), RevokedBy = by };
            await shared.WriteAsync(Prefix + id, key.Write(), until: null, ct);
        }

        _remembered.TryRemove(id, out _);
        return key;
    }

    public async ValueTask<Actor?> FindAsync(string bearer, CancellationToken ct) =>
        ApiKey.IdOf(bearer) is { } id && await LiveAsync(id, ct) is { } key && key.Opens(bearer) ? ActorOf(key) : null;

    public async ValueTask<(Actor Actor, string Tag)?> OpenAsync(string key, string login, CancellationToken ct) =>
        await FindAsync(key, ct) is { } actor ? (actor, Prefix + ApiKey.IdOf(key)) : null;

    public async ValueTask<Actor?> FindTaggedAsync(string tag, string login, CancellationToken ct) =>
        tag.StartsWith(Prefix, StringComparison.Ordinal) && await LiveAsync(tag[Prefix.Length..], ct) is { } key ? ActorOf(key) : null;

    private async ValueTask<ApiKey?> LiveAsync(string id, CancellationToken ct) =>
        await KnownAsync(id, ct) is { } key && key.IsLive(time.GetUtcNow()) ? key : null;

    private async ValueTask<ApiKey?> KnownAsync(string id, CancellationToken ct)
    {
        if (_remembered.TryGetValue(id, out var known) && time.GetElapsedTime(known.At) < Remembered)
        {
            return known.Key;
        }

        var key = await ReadAsync(id, ct);
        if (_remembered.Count >= MostRemembered)
        {
            _remembered.Clear();
        }

        _remembered[id] = (key, time.GetTimestamp());
        return key;
    }

    private async Task<ApiKey?> ReadAsync(string id, CancellationToken ct) =>
        await shared.ReadAsync(Prefix + id, time.GetUtcNow(), ct) is { } json ? ApiKey.Read(json) : null;

    // All keys of one owner are one credential: the owner cannot approve with one what it asked with another.
    private Actor ActorOf(ApiKey key)
    {
        var roles = key.Roles.Aggregate(Roles.None, (all, role) => all | Enum.Parse<Roles>(role, ignoreCase: true));
        var entry = entries.FirstOrDefault(e => e.Id == key.Actor);
        return new(key.Actor, $"key:{key.Actor}", "key")
        {
            Roles = entry is null ? roles : roles & entry.Roles,
            Groups = entry?.Groups ?? [],
            DecidesNothing = !roles.HasFlag(Roles.Approver),
        };
    }
}
