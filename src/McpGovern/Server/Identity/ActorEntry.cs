using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>One line of the settings' <c>actors</c>, as the doors need it.</summary>
/// <param name="Key">The secret it comes in with over HTTP; <c>null</c> where it only names roles for stdio.</param>
internal sealed record ActorEntry(string Id, Roles Roles, IReadOnlyList<string> Groups, string? Key)
{
    // A record would print the key wherever the entry is printed.
    public override string ToString() => Id;
}
