using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>
/// What changes: a tool that comes and goes. And <c>subscriptions/listen</c>: who listens hears of the kinds of change that he asked for,
/// whoever made them.
/// </summary>
internal sealed class FixtureChanges
{
    public const string ComingTool = "test_coming_tool";

    private readonly ConcurrentDictionary<Channel<string>, SubscriptionsListenNotifications> _listeners = new();
    private int _toolChanges;

    public bool Has(string tool) => tool != ComingTool || Volatile.Read(ref _toolChanges) % 2 == 1;

    public void ChangeTools() => Interlocked.Increment(ref _toolChanges);

    public void Announce(string method)
    {
        foreach (var (listener, wanted) in _listeners)
        {
            if (Wants(wanted, method))
            {
                listener.Writer.TryWrite(method);
            }
        }
    }

    public async ValueTask<EmptyResult> ServeAsync(RequestContext<SubscriptionsListenRequestParams> request, CancellationToken ct)
    {
        var wanted = request.Params?.Notifications ?? new();
        var changes = Channel.CreateUnbounded<string>();
        _listeners[changes] = wanted;
        try
        {
            var granted = JsonSerializer.SerializeToNode(wanted, FixtureContent.TypeInfo<SubscriptionsListenNotifications>());
            await TellAsync(request, NotificationMethods.SubscriptionsAcknowledgedNotification, new JsonObject { ["notifications"] = granted }, ct);
            await foreach (var method in changes.Reader.ReadAllAsync(ct))
            {
                await TellAsync(request, method, [], ct);
            }
        }
        finally
        {
            _listeners.TryRemove(changes, out _);
        }

        return new EmptyResult();
    }

    private static bool Wants(SubscriptionsListenNotifications wanted, string method) => method switch
    {
        NotificationMethods.ToolListChangedNotification => wanted.ToolsListChanged == true,
        NotificationMethods.PromptListChangedNotification => wanted.PromptsListChanged == true,
        _ => false,
    };

    private static Task TellAsync(
        RequestContext<SubscriptionsListenRequestParams> request, string method, JsonObject parameters, CancellationToken ct)
    {
        parameters["_meta"] = new JsonObject { [MetaKeys.SubscriptionId] = JsonNode.Parse(JsonSerializer.Serialize(request.JsonRpcRequest.Id.Id)) };
        return request.Server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters }, ct);
    }
}
