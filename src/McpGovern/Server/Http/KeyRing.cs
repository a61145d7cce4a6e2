using System.Security.Cryptography;
using System.Text;
using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>Whose key it is. Keys are held as hashes and compared in constant time, all of them, whatever is found.</summary>
internal sealed class KeyRing
{
    private readonly (byte[] Hash, Actor Actor)[] _keys;

    public KeyRing(IEnumerable<ActorEntry> entries) =>
        _keys = [.. entries.Where(entry => !string.IsNullOrEmpty(entry.Key)).Select(entry => (HashOf(entry.Key!), ActorOf(entry)))];

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

    /// <summary>For a login: whose key it is, and what stands for it in the login's record, which opens nothing.</summary>
    public (Actor Actor, string Tag)? Open(string key, string login) => Find(key) is { } actor ? (actor, TagOf(HashOf(key), login)) : null;

    /// <summary>Whose key the tag of that login stands for, if that key is still there.</summary>
    public Actor? FindTagged(string tag, string login)
    {
        var wanted = Encoding.ASCII.GetBytes(tag);
        return Array.Find(_keys, known => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(TagOf(known.Hash, login)), wanted)).Actor;
    }

    private static string TagOf(byte[] hash, string login) => Convert.ToHexStringLower(HMACSHA256.HashData(hash, Encoding.UTF8.GetBytes(login)));

    // Two keys of one owner are one credential: the owner cannot approve with one what it asked with the other.
    private static Actor ActorOf(ActorEntry entry) =>
        new(entry.Id, $"key:{entry.Id}", "key") { Roles = entry.Roles, Groups = entry.Groups };

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
