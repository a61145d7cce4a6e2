using System.Security.Cryptography;
using System.Text;
using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>Whose key it is. Keys are held as hashes and compared in constant time, all of them, whatever is found.</summary>
internal sealed class KeyRing : ICredentials
{
    private readonly (byte[] Hash, Actor Actor)[] _keys;

    public KeyRing(IEnumerable<ActorEntry> entries) =>
        _keys = [.. entries.Where(entry => !string.IsNullOrEmpty(entry.Key)).Select(entry => (HashOf(entry.Key!), ActorOf(entry)))];

    public ValueTask<Actor?> FindAsync(string bearer, CancellationToken ct) => ValueTask.FromResult(Find(bearer));

    public Actor? Find(string key)
    {
        var hash = HashOf(key);
        Actor? found = null;
        foreach (var (known, actor) in _keys)
        {
            found = CryptographicOperations.FixedTimeEquals(known, hash) ? actor : found;
        }

        return found;
    }

    // Two keys of one owner are one credential: the owner cannot approve with one what it asked with the other.
    private static Actor ActorOf(ActorEntry entry) =>
        new(entry.Id, $"key:{entry.Id}", "key") { Roles = entry.Roles, Groups = entry.Groups };

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
