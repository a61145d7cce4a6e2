using McpGovern.Calls;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>One client's session over Streamable HTTP, which belongs to the actor that opened it.</summary>
internal sealed class McpSession : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly StreamableHttpServerTransport _transport;
    private readonly TimeProvider _time;
    private readonly TimeSpan _heartbeat;
    private readonly Task _serving;
    private readonly Task _listening;
    private int _posts;

    public McpSession(string id, Actor actor, McpFrontDoor door, TimeProvider time, TimeSpan heartbeat, ILogger log)
    {
        (Id, Actor, _time, _heartbeat) = (id, actor with { Session = id }, time, heartbeat);
        LastUsed = time.GetUtcNow();
        Events = new SseStream(time, heartbeat);
        _transport = new StreamableHttpServerTransport { SessionId = id };
        Server = McpServer.Create(_transport, door.OptionsFor(Actor));
        _serving = WatchAsync(Server.RunAsync(_stop.Token), log);
        // The SDK takes one GET per session, ever: it gets this one, and responses come and go behind it.
        _listening = WatchAsync(_transport.HandleGetRequestAsync(Events, _stop.Token), log);
    }

    public string Id { get; }

    public Actor Actor { get; }

    public McpServer Server { get; }

    /// <summary>What the server says unasked.</summary>
    public SseStream Events { get; }

    public DateTimeOffset LastUsed { get; private set; }

    /// <summary>A request is being answered, or somebody listens.</summary>
    public bool IsBusy => Volatile.Read(ref _posts) > 0 || Events.IsAttached;

    public void Touch() => LastUsed = _time.GetUtcNow();

    /// <summary>Answers a request on the response, as a stream of events; a client that hangs up does not cancel it.</summary>
    public async Task AnswerAsync(JsonRpcRequest request, Stream body, CancellationToken ct)
    {
        Interlocked.Increment(ref _posts);
        var events = new SseStream(_time, _heartbeat);
        try
        {
            var beating = events.ServeAsync(body, ct);
            await _transport.HandlePostRequestAsync(request, events, ct);
            events.End();
            await beating;
        }
        finally
        {
            Interlocked.Decrement(ref _posts);
            Touch();
        }
    }

    public Task<bool> AcceptAsync(JsonRpcMessage message, CancellationToken ct) => _transport.HandlePostRequestAsync(message, Stream.Null, ct);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _transport.DisposeAsync();
        Events.End();
        await Task.WhenAny(Task.WhenAll(_serving, _listening), Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None));
    }

    private async Task WatchAsync(Task work, ILogger log)
    {
        try
        {
            await work;
        }
        catch (OperationCanceledException)
        {
            // The session ends.
        }
        catch (Exception e)
        {
            log.SessionBroke(e, Id);
        }
    }
}
