using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Wire;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>What a session's client said that holds for as long as the session: how it began, which log level it wants, and what it subscribed to.</summary>
internal sealed class SessionWords
{
    private const int MaxSubscriptions = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _subscriptions = new(StringComparer.Ordinal);
    private string? _initialize, _level;

    /// <summary>Whether the message changed what there is to remember.</summary>
    public bool Note(JsonRpcMessage message)
    {
        if (message is not JsonRpcRequest request)
        {
            return false;
        }

        lock (_gate)
        {
            switch (request.Method)
            {
                case RequestMethods.Initialize when _initialize is null:
                    _initialize = TextOf(request);
                    return true;
                case RequestMethods.LoggingSetLevel:
                    _level = TextOf(request);
                    return true;
                case RequestMethods.ResourcesSubscribe when UriOf(request) is { } uri && _subscriptions.Count < MaxSubscriptions:
                    _subscriptions[uri] = TextOf(request);
                    return true;
                case RequestMethods.ResourcesUnsubscribe when UriOf(request) is { } uri:
                    return _subscriptions.Remove(uri);
                default:
                    return false;
            }
        }
    }

    /// <summary>In the order in which a server has to hear them; empty before <c>initialize</c>.</summary>
    public IReadOnlyList<string> All()
    {
        lock (_gate)
        {
            return _initialize is null ? [] : [_initialize, .. _level is null ? [] : new[] { _level }, .. _subscriptions.Values];
        }
    }

    private static string? UriOf(JsonRpcRequest request) =>
        request.Params is JsonObject parameters && parameters["uri"] is JsonValue uri && uri.TryGetValue(out string? text) ? text : null;

    private static string TextOf(JsonRpcRequest request) => JsonSerializer.Serialize(request, SdkJson.Message);
}
