using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Keeps in the store which upstreams do not speak the stateless revision, so that only one process waits for a silent one's probe.</summary>
internal sealed partial class EraMemory(ISharedState shared, TimeProvider time, ILogger<EraMemory> log) : IEraMemory
{
    // A server that has learnt both still answers the old way: once in a while it is asked afresh.
    private static readonly TimeSpan GoodFor = TimeSpan.FromDays(7);

    public async Task<bool> IsLegacyAsync(string fingerprint, CancellationToken ct)
    {
        try
        {
            return await shared.ReadAsync(Key(fingerprint), time.GetUtcNow(), ct) is not null;
        }
        catch (StoreUnavailableException e)
        {
            LogForgotten(e.Message);
            return false;
        }
    }

    public async Task RememberAsync(string fingerprint, bool legacy, CancellationToken ct)
    {
        try
        {
            await (legacy ? shared.WriteAsync(Key(fingerprint), "legacy"u8.ToArray(), time.GetUtcNow() + GoodFor, ct) : shared.RemoveAsync(Key(fingerprint), ct));
        }
        catch (StoreUnavailableException e)
        {
            LogForgotten(e.Message);
        }
    }

    private static string Key(string fingerprint) => $"era:{fingerprint}";

    [LoggerMessage(1050, LogLevel.Debug, "What was learnt of an upstream cannot be read or kept: {Why}")]
    private partial void LogForgotten(string why);
}
