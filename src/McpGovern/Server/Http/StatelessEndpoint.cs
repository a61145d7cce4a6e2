using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>Requests of the stateless revision: each stands for itself, with its own actor and capabilities, and ends with its connection.</summary>
/// <param name="stopping">Ends what still runs when the process ends.</param>
internal sealed class StatelessEndpoint(
    McpFrontDoor door, Admittance places, HttpOptions options, TimeProvider time, ILogger<StatelessEndpoint> log, CancellationToken stopping)
{
    public async Task PostAsync(HttpContext http, JsonRpcMessage message)
    {
        if (StatelessHeaders.Refuse(message, http.Request.Headers) is { } refusal)
        {
            await StatelessResponse.WriteAsync(http, StatusCodes.Status400BadRequest, refusal);
        }
        else if (message is JsonRpcRequest request)
        {
            var kind = request.Method == RequestMethods.SubscriptionsListen ? places.Streams : places.Requests;
            var actor = Authentication.ActorOf(http).Id;
            using var place = kind.TryTake(actor);
            await (place is null ? places.RefuseAsync(http, actor, request.Id, kind.Refusal(actor)) : AnswerAsync(http, request));
        }
        else
        {
            // There is nothing that it could be about: a request is cancelled by hanging up.
            http.Response.StatusCode = StatusCodes.Status202Accepted;
        }
    }

    private async Task AnswerAsync(HttpContext http, JsonRpcRequest request)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        var ct = ended.Token;
        (request.Context ??= new()).ProtocolVersion = ProtocolEra.Stateless;
        var transport = new StreamableHttpServerTransport { Stateless = true };
        await using var server = McpServer.Create(transport, door.OptionsFor(Authentication.ActorOf(http)));
        var serving = server.RunAsync(ct);
        var events = new SseStream(time, options.Heartbeat);
        var working = LongWork.Of(request);
        try
        {
            await new StatelessResponse(http, events, time).RunAsync(
                starting => transport.HandlePostRequestAsync(request, events, starting, ct), working, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The client hung up, which cancels its request, or the server stops.
        }
        finally
        {
            events.End();
            await transport.DisposeAsync();
            await ended.CancelAsync();
            await EndAsync(serving);
        }
    }

    private async Task EndAsync(Task serving)
    {
        try
        {
            await serving;
        }
        catch (OperationCanceledException)
        {
            // It was told to.
        }
        catch (Exception e)
        {
            log.SessionBroke(e, "stateless");
        }
    }
}
