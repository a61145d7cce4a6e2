using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>
/// The resources of one upstream that somebody here wants to hear of: told to it once each, and again to every new connection. Upstreams
/// of the modern era are told in <c>subscriptions/listen</c>, by whoever holds that open: for it are <see cref="Uris"/> and <see cref="Changed"/>.
/// </summary>
internal sealed class ResourceInterest(string upstream, ILogger log)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly HashSet<string> _uris = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Uris
    {
        get
        {
            lock (_gate)
                return [.. _uris];
        }
    }

    public event Action? Changed;

    /// <returns>The upstream's refusal, or null.</returns>
    public async Task<UpstreamAnswer?> AddAsync(UpstreamConnection connection, string uri, CancellationToken ct)
    {
        lock (_gate)
        {
            if (!_uris.Add(uri))
                return null;
        }

        Changed?.Invoke();
        if (await SendAsync(connection, RequestMethods.ResourcesSubscribe, uri, ct) is not { } refusal)
            return null;
        Forget(uri);
        return refusal;
    }

    public async Task RemoveAsync(UpstreamConnection? connection, string uri, CancellationToken ct)
    {
        Forget(uri);
        if (connection is not null)
            await SendAsync(connection, RequestMethods.ResourcesUnsubscribe, uri, ct);
    }

    /// <summary>To a new connection, which knows nothing of what the one before was told.</summary>
    public async Task TellAsync(UpstreamConnection connection)
    {
        foreach (var uri in Uris)
        {
            if (await SendAsync(connection, RequestMethods.ResourcesSubscribe, uri, connection.Closed) is { } refusal)
                UpstreamLog.NotSubscribed(log, upstream, (refusal as UpstreamAnswer.Error)?.Message ?? "it did not answer");
        }
    }

    /// <summary>As long as somebody listens there has to be a connection, though nobody may call anything for hours.</summary>
    public async Task ReconnectAsync(Func<CancellationToken, ValueTask<UpstreamConnection>> connect, TimeProvider time, CancellationToken stopping)
    {
        while (Uris.Count > 0 && !stopping.IsCancellationRequested)
        {
            try
            {
                await connect(stopping);
                return;
            }
            catch (UpstreamUnavailableException)
            {
                await Task.Delay(Pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Forget(string uri)
    {
        lock (_gate)
            _uris.Remove(uri);
        Changed?.Invoke();
    }

    private static async Task<UpstreamAnswer?> SendAsync(UpstreamConnection connection, string method, string uri, CancellationToken ct) =>
        connection.SubscribesByRequest && await connection.AskAsync(method, new JsonObject { ["uri"] = uri }, ct) is var answer and not UpstreamAnswer.Result
            ? answer
            : null;
}
