using System.Security.Cryptography;
using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>Who speaks over stdio: whom the launching configuration names, never whom the client claims to be.</summary>
internal static class StdioActor
{
    /// <param name="name">The value of <c>--as</c>; an unlisted name is a caller.</param>
    public static Actor From(string? name, IEnumerable<ActorEntry> actors, string osUser)
    {
        var id = name ?? $"agent:stdio@{osUser}";
        // Two keys of one owner are two entries: what either may do, the owner may.
        var entries = actors.Where(entry => entry.Id == id).ToArray();
        return new Actor(id, $"stdio:{id}", "stdio")
        {
            Roles = entries.Length == 0 ? Roles.Caller : entries.Aggregate(Roles.None, (roles, entry) => roles | entry.Roles),
            Groups = [.. entries.SelectMany(entry => entry.Groups).Distinct(StringComparer.Ordinal)],
            Session = RandomNumberGenerator.GetHexString(32, lowercase: true),
        };
    }
}
