using McpGovern.Calls;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>Streamable HTTP at <c>/mcp</c>: sessions for the revisions that begin with <c>initialize</c>, and the stateless one beside them.</summary>
internal sealed class McpEndpoint(McpSessions sessions, StatelessEndpoint stateless, Admittance places, HttpOptions options)
{
    private const string SessionHeader = "Mcp-Session-Id", VersionHeader = "MCP-Protocol-Version";

    public async Task PostAsync(HttpContext http)
    {
        if (!Accepts(http.Request, "application/json") || !Accepts(http.Request, "text/event-stream"))
        {
            await McpAnswer.FailAsync(http, 406, RpcCode.InvalidRequest, "Accept must name application/json and text/event-stream");
            return;
        }

        switch (await McpBody.ReadAsync(http, options.MaxMessageBytes))
        {
            case Inbound.Message { Value: var message } when ProtocolEra.AsksStateless(message, VersionOf(http)):
                await stateless.PostAsync(http, message);
                break;
            case Inbound.Message { Value: var message } when ProtocolEra.Refuse(message, VersionOf(http)) is { } refusal:
                await McpAnswer.SendAsync(http, 400, refusal);
                break;
            case Inbound.Message { Value: var message } when await SessionOfAsync(http, message) is { } session:
                await ServeAsync(http, session, message);
                break;
        }
    }

    public async Task GetAsync(HttpContext http)
    {
        if (IsStateless(http))
        {
            RefuseMethod(http);
        }
        else if (!Accepts(http.Request, "text/event-stream"))
        {
            await McpAnswer.FailAsync(http, 406, RpcCode.InvalidRequest, "Accept must name text/event-stream");
        }
        else if (await SessionOfAsync(http, message: null) is { } session)
        {
            await ListenAsync(http, session);
        }
    }

    public async Task DeleteAsync(HttpContext http)
    {
        if (IsStateless(http))
        {
            RefuseMethod(http);
        }
        else if (await SessionOfAsync(http, message: null) is { } session)
        {
            await sessions.EndAsync(session, "its client ended it", http.RequestAborted);
            http.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    private async Task ListenAsync(HttpContext http, McpSession session)
    {
        using var place = places.Streams.TryTake(session.Actor.Id);
        if (place is null)
        {
            await places.RefuseAsync(http, session.Actor.Id, default, places.Streams.Refusal(session.Actor.Id));
            return;
        }

        StatelessResponse.BeginEvents(http.Response);
        await session.Events.ServeAsync(http.Response.Body, http.RequestAborted);
    }

    private async Task ServeAsync(HttpContext http, McpSession session, JsonRpcMessage message)
    {
        if (message is not JsonRpcRequest request)
        {
            await session.AcceptAsync(message, http.RequestAborted);
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }

        using var place = places.Requests.TryTake(session.Actor.Id);
        if (place is null)
        {
            await places.RefuseAsync(http, session.Actor.Id, request.Id, places.Requests.Refusal(session.Actor.Id));
            return;
        }

        // Kept before it is answered: the client's next request may go to another process.
        if (session.Note(request))
        {
            await sessions.KeepAsync(session, http.RequestAborted);
        }

        StatelessResponse.BeginEvents(http.Response);
        try
        {
            await session.AnswerAsync(request, http.Response.Body, http.RequestAborted);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // In these revisions hanging up cancels nothing: the call goes on, and its result is kept if it was gated.
        }
    }

    private async Task<McpSession?> SessionOfAsync(HttpContext http, JsonRpcMessage? message)
    {
        var actor = Authentication.ActorOf(http);
        var id = (message as JsonRpcRequest)?.Id ?? default;
        if (http.Request.Headers[SessionHeader].FirstOrDefault() is { } sessionId)
        {
            var known = await sessions.FindAsync(sessionId, actor, http.RequestAborted);
            if (known is null)
            {
                await McpAnswer.SendAsync(http, 404, RpcError.Write(id, RpcCode.SessionNotFound, "there is no such session; send initialize to open one"));
            }

            return known;
        }

        if (message is not JsonRpcRequest { Method: RequestMethods.Initialize })
        {
            await McpAnswer.SendAsync(http, 400, RpcError.Write(id, RpcCode.InvalidRequest, $"{SessionHeader} is missing; send initialize to open a session"));
            return null;
        }

        switch (await sessions.OpenAsync(actor, http.RequestAborted))
        {
            case ({ } opened, _):
                http.Response.Headers[SessionHeader] = opened.Id;
                return opened;
            case (_, var why):
                await places.RefuseAsync(http, actor.Id, id, why ?? "no session can be opened");
                return null;
        }
    }

    private static string? VersionOf(HttpContext http) => http.Request.Headers[VersionHeader].FirstOrDefault();

    private static bool IsStateless(HttpContext http) => VersionOf(http) == ProtocolEra.Stateless;

    private static void RefuseMethod(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        http.Response.Headers.Allow = "POST";
    }

    private static bool Accepts(HttpRequest request, string type) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
        && accepted.Any(media => media.Quality != 0 && new MediaTypeHeaderValue(type).IsSubsetOf(media));
}
