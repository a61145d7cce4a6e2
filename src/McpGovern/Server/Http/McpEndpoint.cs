using McpGovern.Calls;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>Streamable HTTP at <c>/mcp</c>: sessions for the revisions that begin with <c>initialize</c>, and the stateless one beside them.</summary>
internal sealed class McpEndpoint(McpSessions sessions, StatelessEndpoint stateless, HttpOptions options)
{
    private const string SessionHeader = "Mcp-Session-Id", VersionHeader = "MCP-Protocol-Version";

    public async Task PostAsync(HttpContext http)
    {
        if (!Accepts(http.Request, "application/json") || !Accepts(http.Request, "text/event-stream"))
        {
            await FailAsync(http, 406, RpcCode.InvalidRequest, "Accept must name application/json and text/event-stream");
            return;
        }

        if (!RequestBody.IsJson(http.Request))
        {
            await FailAsync(http, 415, RpcCode.InvalidRequest, "Content-Type must be application/json");
            return;
        }

        if (await RequestBody.ReadAsync(http, options.MaxMessageBytes) is not { } body)
        {
            await FailAsync(http, 413, RpcCode.InvalidRequest, $"a message may have {options.MaxMessageBytes} bytes (max_message)");
            return;
        }

        switch (MessageReader.Read(body))
        {
            case Inbound.Fault fault:
                await SendAsync(http, 400, RpcError.Write(fault));
                break;
            case Inbound.Message { Value: var message } when ProtocolEra.AsksStateless(message, VersionOf(http)):
                await stateless.PostAsync(http, message);
                break;
            case Inbound.Message { Value: var message } when ProtocolEra.Refuse(message, VersionOf(http)) is { } refusal:
                await SendAsync(http, 400, refusal);
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
            await FailAsync(http, 406, RpcCode.InvalidRequest, "Accept must name text/event-stream");
        }
        else if (await SessionOfAsync(http, message: null) is { } session)
        {
            StatelessResponse.BeginEvents(http.Response);
            await session.Events.ServeAsync(http.Response.Body, http.RequestAborted);
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
            await sessions.EndAsync(session, "its client ended it");
            http.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    private static async Task ServeAsync(HttpContext http, McpSession session, JsonRpcMessage message)
    {
        if (message is not JsonRpcRequest request)
        {
            await session.AcceptAsync(message, http.RequestAborted);
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            return;
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
            var known = sessions.Find(sessionId, actor);
            if (known is null)
            {
                await SendAsync(http, 404, RpcError.Write(id, RpcCode.SessionNotFound, "there is no such session; send initialize to open one"));
            }

            return known;
        }

        if (message is not JsonRpcRequest { Method: RequestMethods.Initialize })
        {
            await SendAsync(http, 400, RpcError.Write(id, RpcCode.InvalidRequest, $"{SessionHeader} is missing; send initialize to open a session"));
            return null;
        }

        if (await sessions.OpenAsync(actor) is not { } opened)
        {
            var why = $"{options.MaxSessions} sessions are open (max_sessions); end one with DELETE, or try again later";
            await SendAsync(http, 503, RpcError.Write(id, RpcCode.InternalError, why));
            return null;
        }

        http.Response.Headers[SessionHeader] = opened.Id;
        return opened;
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

    private static Task FailAsync(HttpContext http, int status, int code, string text) => SendAsync(http, status, RpcError.Write(default, code, text));

    private static Task SendAsync(HttpContext http, int status, byte[] json) => StatelessResponse.WriteAsync(http, status, json);
}
