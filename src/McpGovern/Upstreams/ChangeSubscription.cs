using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>
/// Upstreams of the stateless revision tell of changes only where somebody listens: this listens for as long as the connection lives,
/// and opens the subscription again when it breaks. What comes on it takes the way of every other notification.
/// </summary>
internal sealed class ChangeSubscription(Exchange exchange, Inbox inbox, string upstream, TimeProvider time, ILogger log)
{
    public const string Method = "subscriptions/listen";

    private readonly Lock _gate = new();
    private IReadOnlyCollection<string> _resources = [];
    private CancellationTokenSource? _again;

    /// <summary>Listens to these resources too, in the place of those before.</summary>
    public void Watch(IReadOnlyCollection<string> uris)
    {
        lock (_gate)
        {
            _resources = [.. uris];
            _again?.Cancel();
        }
    }

    /// <summary>Ends with the connection, or when the upstream says that there is no such thing.</summary>
    public async Task RunAsync(ServerCapabilities capabilities, CancellationToken closed)
    {
        var backOff = new BackOff(time);
        var opened = 0;
        void Opened()
        {
            backOff.Succeeded();
            // In the time without it anything may have changed.
            if (opened++ > 0)
                inbox.LookAgain();
        }

        inbox.Subscribed += Opened;
        try
        {
            while (!closed.IsCancellationRequested)
            {
                using var again = CancellationTokenSource.CreateLinkedTokenSource(closed);
                var answer = await ListenAsync(capabilities, again);
                if (answer is UpstreamAnswer.Error error)
                {
                    UpstreamLog.NoSubscription(log, upstream, error.Message);
                    return;
                }

                if (!again.IsCancellationRequested)
                    await Task.Delay(backOff.Failed(), time, closed);
            }
        }
        catch (OperationCanceledException)
        {
            // The connection is closing.
        }
        finally
        {
            inbox.Subscribed -= Opened;
        }
    }

    /// <summary>Null where there was nothing to listen for until now.</summary>
    private async Task<UpstreamAnswer?> ListenAsync(ServerCapabilities capabilities, CancellationTokenSource again)
    {
        JsonObject wanted;
        lock (_gate)
        {
            wanted = Wanted(capabilities, _resources);
            _again = again;
        }

        try
        {
            if (wanted.Count == 0)
            {
                await Task.Delay(Timeout.Infinite, again.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return null;
            }

            return await exchange.SendAsync(
                Method, new JsonObject { ["notifications"] = wanted }, tool: null, progress: null, Timeout.InfiniteTimeSpan, again.Token);
        }
        finally
        {
            lock (_gate)
                _again = null;
        }
    }

    private static JsonObject Wanted(ServerCapabilities capabilities, IReadOnlyCollection<string> resources)
    {
        var wanted = new JsonObject();
        if (capabilities.Tools?.ListChanged == true)
            wanted["toolsListChanged"] = true;
        if (capabilities.Prompts?.ListChanged == true)
            wanted["promptsListChanged"] = true;
        if (capabilities.Resources?.ListChanged == true)
            wanted["resourcesListChanged"] = true;
        if (resources.Count > 0)
            wanted["resourceSubscriptions"] = new JsonArray([.. resources.Select(uri => (JsonNode)uri)]);
        return wanted;
    }
}
