using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using McpGovern.Wire;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>One connection of the transport of 2024-11-05. A post is accepted before it is answered, so what is being answered is counted here.</summary>
internal sealed class LegacySseTransport(SseStream events, ActorPlaces places, string actor) : ITransport
{
    private readonly Channel<JsonRpcMessage> _messages = Channel.CreateBounded<JsonRpcMessage>(16);
    private readonly ConcurrentDictionary<RequestId, IDisposable> _answering = new();
    private readonly SemaphoreSlim _writing = new(1, 1);

    public string? SessionId => null;

    public ChannelReader<JsonRpcMessage> MessageReader => _messages.Reader;

    /// <summary>Serves the response until it ends; the first event says where to post to.</summary>
    public async Task ServeAsync(Stream body, string endpoint, CancellationToken ct)
    {
        await WriteAsync("endpoint", Encoding.UTF8.GetBytes(endpoint));
        await events.ServeAsync(body, ct);
    }

    /// <summary>Hands the message on, or says that the actor has as many requests under way as it may.</summary>
    public async Task<bool> TryTakeAsync(JsonRpcMessage message, CancellationToken ct)
    {
        IDisposable? place = null;
        if (message is JsonRpcRequest request)
        {
            place = places.TryTake(actor);
            if (place is null)
            {
                return false;
            }

            // An id that is in use already is the client's fault, and answered by whatever comes first.
            if (!_answering.TryAdd(request.Id, place))
            {
                place.Dispose();
            }
        }
        else if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled && IdIn(cancelled) is { } id)
        {
            // Nothing answers it any more.
            Return(id);
        }

        try
        {
            await _messages.Writer.WriteAsync(message, ct);
        }
        catch (Exception e) when (e is ChannelClosedException or OperationCanceledException)
        {
            // Nothing answers what was not handed on.
            if (message is JsonRpcRequest untaken && place is not null)
            {
                _answering.TryRemove(KeyValuePair.Create(untaken.Id, place));
                place.Dispose();
            }

            // Where its stream has just ended the client sees that.
            if (e is OperationCanceledException)
            {
                throw;
            }
        }

        return true;
    }

    public async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        await WriteAsync("message", JsonSerializer.SerializeToUtf8Bytes(message, SdkJson.Message));
        if (message is JsonRpcResponse or JsonRpcError)
        {
            Return(((JsonRpcMessageWithId)message).Id);
        }
    }

    public ValueTask DisposeAsync()
    {
        _messages.Writer.TryComplete();
        events.End();
        foreach (var id in _answering.Keys)
        {
            Return(id);
        }

        return default;
    }

    private void Return(RequestId id)
    {
        if (_answering.TryRemove(id, out var place))
        {
            place.Dispose();
        }
    }

    // The writes of an event and its flush must not mix with another's.
    private async Task WriteAsync(string name, byte[] data)
    {
        await _writing.WaitAsync();
        try
        {
            events.Write(Encoding.UTF8.GetBytes($"event: {name}\ndata: "));
            events.Write(data);
            events.Write("\n\n"u8);
            await events.FlushAsync(CancellationToken.None);
        }
        finally
        {
            _writing.Release();
        }
    }

    private static RequestId? IdIn(JsonRpcNotification cancelled) => cancelled.Params?["requestId"] switch
    {
        { } node when node.GetValueKind() == JsonValueKind.Number => new RequestId(node.GetValue<long>()),
        { } node when node.GetValueKind() == JsonValueKind.String => new RequestId(node.GetValue<string>()),
        _ => null,
    };
}
