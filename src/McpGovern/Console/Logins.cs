using System.Security.Cryptography;
using System.Text;
using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.ConsolePages;

/// <summary>The keys that people log in with, as the server has them now.</summary>
/// <param name="OpenAsync">A key and a login: whose key it is, and what stands for the key in the login's record.</param>
/// <param name="FindAsync">What stands for a key, and the login: whose key it is now, or <c>null</c> where there is no such key any more.</param>
internal sealed record LoginKeys(
    Func<string, string, CancellationToken, ValueTask<(Actor Actor, string Tag)?>> OpenAsync, Func<string, string, CancellationToken, ValueTask<Actor?>> FindAsync);

/// <summary>Logins, kept in the store and shared by its processes. A login lasts no longer than the key that opened it.</summary>
internal sealed class Logins(LoginKeys keys, ISharedState shared, TimeProvider time)
{
    public static readonly TimeSpan Idle = TimeSpan.FromHours(1), Longest = TimeSpan.FromHours(8);

    /// <summary>The new login's id, which only its cookie holds; <c>null</c> where the key is nobody's.</summary>
    /// <remarks><c>IsAgents</c>: the key is good, and is an agent's, while a login says that a person sits there.</remarks>
    public async Task<(string? Login, bool IsAgents)> OpenAsync(string key, CancellationToken ct)
    {
        var login = RandomNumberGenerator.GetHexString(64, lowercase: true);
        if (await keys.OpenAsync(key, login, ct) is not var (actor, tag))
        {
            return (null, false);
        }

        if (actor.IsAgent)
        {
            return (null, true);
        }

        await shared.WriteAsync(KeyOf(login), Encoding.UTF8.GetBytes(tag), time.GetUtcNow() + Longest, ct);
        return (login, false);
    }

    /// <summary>Who is logged in, with the roles of this moment.</summary>
    public async Task<Actor?> FindAsync(string login, CancellationToken ct) =>
        await shared.ReadAsync(KeyOf(login), time.GetUtcNow(), ct) is { } tag
        && await keys.FindAsync(Encoding.UTF8.GetString(tag), login, ct) is { } actor
            ? actor with { AuthMethod = "login", Session = KeyOf(login), PresenceProven = !actor.DecidesNothing }
            : null;

    public Task CloseAsync(string login, CancellationToken ct) => shared.RemoveAsync(KeyOf(login), ct);

    // Who reads the store, or a copy of it, learns no login from it.
    private static string KeyOf(string login) => "login:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(login)));
}
