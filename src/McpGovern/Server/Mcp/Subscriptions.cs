using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using McpGovern.Calls;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary><c>subscriptions/listen</c>: clients of the stateless revision hear of changes where they ask to, for as long as they stay.</summary>
internal sealed class Subscriptions(Gateway gateway)
{
    private static readonly string[] Lists = ["tools", "resources", "prompts"];

    public async ValueTask<EmptyResult> ServeAsync(Actor actor, RequestContext<SubscriptionsListenRequestParams> request, CancellationToken ct)
    {
        LongWork.Begin(request.JsonRpcRequest);
        var notices = new Notices();
        var wanted = request.Params!.Notifications;
        bool Wants(string list) => list switch
        {
            "tools" => wanted.ToolsListChanged == true,
            "resources" => wanted.ResourcesListChanged == true,
            "prompts" => wanted.PromptsListChanged == true,
            _ => false,
        };
        void NoteTools() => NoteList("tools");
        void NoteList(string list)
        {
            if (Wants(list))
            {
                notices.Add(new($"notifications/{list}/list_changed", null));
            }
        }

        void NoteUpdated(object listener, string uri)
        {
            if (listener == notices)
            {
                notices.Add(new(NotificationMethods.ResourceUpdatedNotification, uri));
            }
        }

        gateway.Tools.Changed += NoteTools;
        gateway.Lists.Changed += NoteList;
        gateway.Listeners.Updated += NoteUpdated;
        try
        {
            var granted = new JsonObject();
            foreach (var list in Lists.Where(Wants))
            {
                granted[$"{list}ListChanged"] = true;
            }

            if (wanted.ResourceSubscriptions is { } uris)
            {
                granted["resourceSubscriptions"] = await ListenAsync(notices, actor, uris, ct);
            }

            await TellAsync(request, NotificationMethods.SubscriptionsAcknowledgedNotification, new JsonObject { ["notifications"] = granted }, ct);
            await foreach (var notice in notices.ReadAllAsync(ct))
            {
                await TellAsync(request, notice.Method, notice.Uri is null ? [] : new JsonObject { ["uri"] = notice.Uri }, ct);
            }
        }
        finally
        {
            gateway.Tools.Changed -= NoteTools;
            gateway.Lists.Changed -= NoteList;
            gateway.Listeners.Updated -= NoteUpdated;
            await gateway.Listeners.LeaveAsync(notices);
        }

        return new EmptyResult();
    }

    /// <summary>Those that are listened to: of the others the client is not told whether they exist.</summary>
    private async Task<JsonArray> ListenAsync(Notices notices, Actor actor, IEnumerable<string> uris, CancellationToken ct)
    {
        var heard = new JsonArray();
        foreach (var uri in uris.Distinct())
        {
            if (await gateway.Listeners.AddAsync(notices, actor, uri, ct) is null)
            {
                heard.Add((JsonNode)uri);
            }
        }

        return heard;
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

    private sealed record Notice(string Method, string? Uri);

    /// <summary>What a client has not been told yet. One that waits stands for any number of the same: the client asks for the whole.</summary>
    private sealed class Notices
    {
        private readonly ConcurrentDictionary<Notice, byte> _waiting = new();
        private readonly Channel<bool> _any = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        public void Add(Notice notice)
        {
            _waiting.TryAdd(notice, 0);
            _any.Writer.TryWrite(true);
        }

        public async IAsyncEnumerable<Notice> ReadAllAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
        {
            await foreach (var _ in _any.Reader.ReadAllAsync(ct))
            {
                foreach (var notice in _waiting.Keys)
                {
                    _waiting.TryRemove(notice, out var _);
                    yield return notice;
                }
            }
        }
    }
}
