using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.Server;

/// <summary>What makes a session anew where its process is gone: whose it is, and what its client said that still holds.</summary>
/// <param name="Messages">JSON-RPC messages in the order in which they are said again; the first is <c>initialize</c>.</param>
internal sealed record SessionRecord(string Actor, string Credential, IReadOnlyList<string> Messages)
{
    public bool IsOf(Actor actor) => Actor == actor.Id && Credential == actor.Credential;
}

/// <summary>The sessions of all processes of the store. A session's id lets its bearer in, so it is kept nowhere: its name stands for it.</summary>
internal sealed class SessionRecords(ISharedState shared, TimeSpan idle, TimeProvider time)
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>What the id is called in the store, in the log, and in the record of calls; it opens nothing.</summary>
    public static string NameOf(string sessionId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sessionId)));

    /// <exception cref="StoreUnavailableException">Nobody knows whether there is one.</exception>
    public async Task<SessionRecord?> FindAsync(string sessionId, CancellationToken ct) =>
        await shared.ReadAsync(KeyOf(sessionId), time.GetUtcNow(), ct) is { } json ? JsonSerializer.Deserialize<SessionRecord>(json) : null;

    /// <summary>Keeps it for as long as a session may be idle. A client that said too much is asked to begin anew after a restart.</summary>
    /// <exception cref="StoreUnavailableException">It was not kept.</exception>
    public async Task KeepAsync(string sessionId, SessionRecord record, CancellationToken ct)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(record);
        if (json.Length <= MaxBytes)
        {
            await shared.WriteAsync(KeyOf(sessionId), json, time.GetUtcNow() + idle, ct);
        }
    }

    /// <exception cref="StoreUnavailableException">It may still be there.</exception>
    public Task ForgetAsync(string sessionId, CancellationToken ct) => shared.RemoveAsync(KeyOf(sessionId), ct);

    private static string KeyOf(string sessionId) => $"session:{NameOf(sessionId)}";
}
