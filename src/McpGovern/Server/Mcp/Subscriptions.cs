using System.Text.Json.Nodes;
using System.Threading.Channels;
using McpGovern.Calls;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary><c>subscriptions/listen</c>: clients of the stateless revision hear of changed tools where they ask to, for as long as they stay.</summary>
internal sealed class Subscriptions(GovernedTools tools)
{
    public async ValueTask<EmptyResult> ServeAsync(RequestContext<SubscriptionsListenRequestParams> request, CancellationToken ct)
    {
        // One that waits to be told of stands for any number: the client asks for the whole list.
        var changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void Note() => changes.Writer.TryWrite(true);
        var wanted = request.Params?.Notifications.ToolsListChanged == true;
        if (wanted)
        {
            tools.Changed += Note;
        }

        try
        {
            var granted = wanted ? new JsonObject { ["toolsListChanged"] = true } : [];
            await TellAsync(request, NotificationMethods.SubscriptionsAcknowledgedNotification, new JsonObject { ["notifications"] = granted }, ct);
            await foreach (var _ in changes.Reader.ReadAllAsync(ct))
            {
                await TellAsync(request, NotificationMethods.ToolListChangedNotification, [], ct);
            }
        }
        finally
        {
            tools.Changed -= Note;
        }

        return new EmptyResult();
    }

    /// <summary>Over stdio all subscriptions share one stream: the tag tells them apart.</summary>
    private static Task TellAsync(RequestContext<SubscriptionsListenRequestParams> request, string method, JsonObject parameters, CancellationToken ct)
    {
        parameters["_meta"] = new JsonObject
        {
            [MetaKeys.SubscriptionId] = request.JsonRpcRequest.Id.Id switch
            {
                long number => JsonValue.Create(number),
                var text => JsonValue.Create(text?.ToString()),
            },
        };
        return request.Server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters }, ct);
    }
}
