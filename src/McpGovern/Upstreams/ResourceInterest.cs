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
    private readonly Dictionary<string, int> _listeners = new(StringComparer.Ordinal);
    private volatile IReadOnlyCollection<string> _uris = [];
    private Task _turn = Task.CompletedTask;

    public IReadOnlyCollection<string> Uris => _uris;

    /// <summary><see cref="Uris"/> are others now.</summary>
    public event Action? Changed;

    /// <summary>One more listens.</summary>
    /// <returns>The upstream's refusal, after which it does not; or null.</returns>
    public Task<UpstreamAnswer?> AddAsync(UpstreamConnection connection, string uri, CancellationToken ct) => InTurnAsync(async () =>
    {
        var refusal = Count(uri, 1) == 1 ? await SendAsync(connection, RequestMethods.ResourcesSubscribe, uri, ct) : null;
        if (refusal is not null)
            Count(uri, -1);
        return refusal;
    });

    /// <summary>One listens no more.</summary>
    /// <param name="connection">The live one, if there is one to be told.</param>
    public Task RemoveAsync(UpstreamConnection? connection, string uri) => InTurnAsync(async () =>
        Count(uri, -1) == 0 && connection is not null
            ? await SendAsync(connection, RequestMethods.ResourcesUnsubscribe, uri, CancellationToken.None)
            : null);

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

    // One after the other, so that the upstream hears things in the order in which they were meant.
    private async Task<UpstreamAnswer?> InTurnAsync(Func<Task<UpstreamAnswer?>> tell)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_gate)
            (before, _turn) = (_turn, done.Task);
        await before;
        try
        {
            return await tell();
        }
        finally
        {
            done.SetResult();
        }
    }

    private int Count(string uri, int change)
    {
        var count = _listeners.GetValueOrDefault(uri) + change;
        if (count > 0)
            _listeners[uri] = count;
        else
            _listeners.Remove(uri);
        if (_listeners.Count != _uris.Count)
        {
            _uris = [.. _listeners.Keys];
            Changed?.Invoke();
        }

        return count;
    }

    private static async Task<UpstreamAnswer?> SendAsync(UpstreamConnection connection, string method, string uri, CancellationToken ct) =>
        connection.SubscribesByRequest && await connection.AskAsync(method, new JsonObject { ["uri"] = uri }, ct) is var answer and not UpstreamAnswer.Result
            ? answer
            : null;
}
