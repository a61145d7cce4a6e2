using System.Collections.Concurrent;
using System.Security.Cryptography;
using McpGovern.Calls;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>
/// The transport of 2024-11-05: a stream of events at <c>/sse</c> that begins with where to post to, and answers on it alone. Only where
/// asked for; a connection belongs to the actor that opened it and ends with its stream.
/// </summary>
/// <param name="stopping">Ends the streams when the process ends.</param>
internal sealed class LegacySseEndpoint(
    McpFrontDoor door, LiveConnections live, Admittance places, HttpOptions options, TimeProvider time, ILogger<LegacySseEndpoint> log,
    CancellationToken stopping)
{
    public const string StreamPath = "/sse", MessagePath = "/message";

    private readonly ConcurrentDictionary<string, (LegacySseTransport Transport, Actor Actor)> _open = new(StringComparer.Ordinal);

    public async Task GetAsync(HttpContext http)
    {
        var actor = Authentication.ActorOf(http);
        using var place = places.Streams.TryTake(actor.Id);
        if (place is null)
        {
            await places.RefuseAsync(http, actor.Id, default, places.Streams.Refusal(actor.Id));
            return;
        }

        var id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var name = SessionRecords.NameOf(id);
        await using var transport = new LegacySseTransport(new SseStream(time, options.Heartbeat), places.Requests, actor.Id);
        await using var server = McpServer.Create(transport, door.OptionsFor(actor with { Session = name[..32] }));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        _open[id] = (transport, actor);
        live.Add(server);
        log.SessionBegins(name[..8], actor.Id);
        var serving = server.RunAsync(ended.Token);
        try
        {
            StatelessResponse.BeginEvents(http.Response);
            await transport.ServeAsync(http.Response.Body, $"{PathPrefix(http)}{MessagePath}?sessionId={id}", ended.Token);
        }
        finally
        {
            _open.TryRemove(id, out _);
            live.Remove(server);
            log.SessionEnds(name[..8], actor.Id, "its stream ended");
            await ended.CancelAsync();
            await transport.DisposeAsync();
            await EndAsync(serving, name[..8]);
        }
    }

    public async Task PostAsync(HttpContext http)
    {
        if (await McpBody.ReadAsync(http, options.MaxMessageBytes) is not { Value: var message })
        {
            return;
        }

        var id = (message as JsonRpcRequest)?.Id ?? default;
        var actor = Authentication.ActorOf(http);
        if (ProtocolEra.Refuse(message) is { } refusal)
        {
            await McpAnswer.SendAsync(http, 400, refusal);
        }
        else if (http.Request.Query["sessionId"] is not [{ } sessionId] || !_open.TryGetValue(sessionId, out var open)
            || open.Actor.Id != actor.Id || open.Actor.Credential != actor.Credential || !open.Actor.HasRightsOf(actor))
        {
            await McpAnswer.SendAsync(http, 404, RpcError.Write(id, RpcCode.SessionNotFound, $"there is no such session; open one with GET {StreamPath}"));
        }
        else if (await open.Transport.TryTakeAsync(message, http.RequestAborted))
        {
            http.Response.StatusCode = StatusCodes.Status202Accepted;
        }
        else
        {
            await places.RefuseAsync(http, actor.Id, id, places.Requests.Refusal(actor.Id));
        }
    }

    // Behind a reverse proxy that serves us under a path, the client has to post to that path.
    private string PathPrefix(HttpContext http) =>
        options.PublicUrl is { } own && string.Equals(http.Request.Host.Value, own.Authority, StringComparison.OrdinalIgnoreCase) ? own.AbsolutePath.TrimEnd('/') : "";

    private async Task EndAsync(Task serving, string session)
    {
        try
        {
            await serving.WaitAsync(TimeSpan.FromSeconds(1), time, CancellationToken.None);
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException)
        {
            // It was told to; what does not listen is not waited for.
        }
        catch (Exception e)
        {
            log.SessionBroke(e, session);
        }
    }
}
