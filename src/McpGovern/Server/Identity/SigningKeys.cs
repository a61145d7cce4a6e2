using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace McpGovern.Server;

/// <summary>The authorization server's public keys, fetched when first needed, when they are old, and when a token names one that is not there.</summary>
internal sealed class SigningKeys(Uri jwks, HttpMessageHandler handler, TimeProvider time, ILogger<SigningKeys> log) : IDisposable
{
    private const int MaxBytes = 512 * 1024;

    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10), Usable = TimeSpan.FromHours(24), Pause = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new(handler) { Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = MaxBytes };
    private readonly SemaphoreSlim _fetching = new(1);
    private IReadOnlyList<SecurityKey> _keys = [];
    private long? _fetchedAt, _triedAt;

    /// <summary>Follows no redirect and uses no proxy: the keys come from where the settings say.</summary>
    public static SocketsHttpHandler Direct() => new() { AllowAutoRedirect = false, UseProxy = false, AutomaticDecompression = DecompressionMethods.None };

    /// <summary>The keys that a token which names this one may be signed with; none where they cannot be had.</summary>
    public async ValueTask<IReadOnlyList<SecurityKey>> ForAsync(string? keyId, CancellationToken ct)
    {
        if (Since(_fetchedAt) > Fresh || Matching(keyId).Count == 0)
        {
            // Not the caller's to cut off: whoever hangs up would keep the keys from everybody until the next try.
            await FetchAsync().WaitAsync(ct);
        }

        // An authorization server that is away for a day may have revoked what it last said.
        return Since(_fetchedAt) > Usable ? [] : Matching(keyId);
    }

    public void Dispose()
    {
        _http.Dispose();
        _fetching.Dispose();
    }

    private async Task FetchAsync()
    {
        await _fetching.WaitAsync();
        try
        {
            // Made-up key names must not become a flood of requests.
            if (Since(_triedAt) < Pause)
            {
                return;
            }

            _triedAt = time.GetTimestamp();
            var set = new JsonWebKeySet(await _http.GetStringAsync(jwks, CancellationToken.None));
            _keys = [.. set.Keys.Where(key => key.Use is null or "sig" && key.Kty is "RSA" or "EC")];
            _fetchedAt = time.GetTimestamp();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or ArgumentException)
        {
            log.SigningKeysAway(jwks.Host, e.Message);
        }
        finally
        {
            _fetching.Release();
        }
    }

    private List<SecurityKey> Matching(string? keyId) => [.. _keys.Where(key => keyId is null || key.KeyId == keyId)];

    private TimeSpan Since(long? instant) => instant is { } at ? time.GetElapsedTime(at) : TimeSpan.MaxValue;
}
