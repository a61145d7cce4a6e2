using System.Text;
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
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly TimeSpan _heartbeat;
    private readonly Task _serving;
    private readonly Task _listening;
    private readonly SessionWords _words = new();
    private int _posts;

    public McpSession(string id, Actor actor, McpFrontDoor door, TimeProvider time, TimeSpan heartbeat, ILogger log)
    {
        var name = SessionRecords.NameOf(id);
        // What a call's record says of its session must not let anybody into it.
        (Id, Name, Actor, _time, _heartbeat, _log) = (id, name[..8], actor with { Session = name[..32] }, time, heartbeat, log);
        LastUsed = time.GetUtcNow();
        Events = new SseStream(time, heartbeat);
        _transport = new StreamableHttpServerTransport { SessionId = id };
        Server = McpServer.Create(_transport, door.OptionsFor(Actor));
        _serving = WatchAsync(Server.RunAsync(_stop.Token), log);
        // The SDK takes one GET per session, ever: it gets this one, and responses come and go behind it.
        _listening = WatchAsync(_transport.HandleGetRequestAsync(Events, _stop.Token), log);
    }

    /// <summary>Lets its bearer in: never for logs.</summary>
    public string Id { get; }

    /// <summary>For people.</summary>
    public string Name { get; }

    public Actor Actor { get; }

    public McpServer Server { get; }

    /// <summary>What the server says unasked.</summary>
    public SseStream Events { get; }

    public DateTimeOffset LastUsed { get; private set; }

    /// <summary>A request is being answered, or somebody listens.</summary>
    public bool IsBusy => Volatile.Read(ref _posts) > 0 || Events.IsAttached;

    /// <summary>When its record was last written; the beginning of time before.</summary>
    public DateTimeOffset KeptAt { get; private set; }

    public bool WasKept => KeptAt != default;

    public SessionRecord Record => new(Actor.Id, Actor.Credential, _words.All());

    public void Touch() => LastUsed = _time.GetUtcNow();

    public void Kept() => KeptAt = _time.GetUtcNow();

    /// <summary>Whether the message changed <see cref="Record"/>.</summary>
    public bool Note(JsonRpcMessage message) => _words.Note(message);

    /// <summary>Lets the new server hear what the client told the one before; what it answers was answered then.</summary>
    public async Task ReplayAsync(IEnumerable<string> messages)
    {
        var said = messages.Select(text => MessageReader.Read(Encoding.UTF8.GetBytes(text))).OfType<Inbound.Message>().Select(read => read.Value).ToArray();
        foreach (var message in said)
        {
            Note(message);
        }

        await HearAsync(said.Take(1));
        await AcceptAsync(new JsonRpcNotification { Method = NotificationMethods.InitializedNotification }, _stop.Token);
        // What is asked of upstreams takes its time, and the client has asked for something else.
        _ = WatchAsync(HearAsync(said.Skip(1)), _log);
    }

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

    private async Task HearAsync(IEnumerable<JsonRpcMessage> messages)
    {
        foreach (var message in messages)
        {
            using var unheard = new MemoryStream();
            await _transport.HandlePostRequestAsync(message, unheard, _stop.Token);
        }
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
            log.SessionBroke(e, Name);
        }
    }
}
