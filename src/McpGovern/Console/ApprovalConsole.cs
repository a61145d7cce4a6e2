using System.Security.Claims;
using McpGovern.Calls;
using McpGovern.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.ConsolePages;

/// <summary>The pages on which people decide. They come in by a login's cookie, which opens nothing else, and no key opens a page.</summary>
/// <param name="publicUrl">How people name this server where a proxy stands between.</param>
internal sealed class ApprovalConsole(CallQueries queries, DecisionHandler decisions, Logins logins, Uri? publicUrl, TimeProvider time, ILogger<ApprovalConsole> log)
{
    private static readonly string[] Roots = ["/approvals", "/login", "/logout", "/console"], WithoutLogin = ["/login", "/console"];

    public static bool Owns(PathString path) => path == "/" || Array.Exists(Roots, root => path.StartsWithSegments(root));

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", http => ConsoleRequest.Of(http).GoAsync("approvals"));
        routes.MapGet("/console/console.css", Stylesheet.WriteAsync);
        new LoginPages(logins, new LoginThrottle(time), log).Map(routes);
        new CallPages(queries, decisions, time).Map(routes);
    }

    public async Task ServeAsync(HttpContext http, RequestDelegate next)
    {
        PageHeaders.SetAtStart(http.Response);
        if (publicUrl is { Scheme: "https" })
        {
            // The proxy in front did it.
            http.Request.Scheme = "https";
        }

        try
        {
            var request = await EnterAsync(http);
            request.Keep();
            await (request.Actor is null && !Array.Exists(WithoutLogin, root => http.Request.Path.StartsWithSegments(root))
                ? AskForLoginAsync(request)
                : next(http));
            await ExplainAsync(request);
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            await FailAsync(new(http, null, null), e);
        }
    }

    /// <summary>A page of our own for what is refused before anybody asks who it is.</summary>
    public static Task RefuseAsync(HttpContext http, string why)
    {
        PageHeaders.SetAtStart(http.Response);
        // The renderer makes an address of it, and what was sent need not be a host at all.
        http.Request.Host = new HostString("localhost");
        return new ConsoleRequest(http, null, null).MessageAsync(StatusCodes.Status403Forbidden, "Refused", why);
    }

    private async Task<ConsoleRequest> EnterAsync(HttpContext http)
    {
        var cookie = await http.AuthenticateAsync(ConsoleServices.Scheme);
        var login = cookie.Principal?.FindFirst("sub")?.Value;
        var actor = login is null ? null : await logins.FindAsync(login, http.RequestAborted);
        // Form tokens are bound to whoever this is: those of a login that ended are worth nothing.
        http.User = actor is null ? new ClaimsPrincipal(new ClaimsIdentity()) : cookie.Principal!;
        return new(http, actor, actor is null ? null : login);
    }

    private static Task AskForLoginAsync(ConsoleRequest request)
    {
        // Coming from another site, a browser keeps our cookie back; from our own page it sends it, if there is one.
        if (HttpMethods.IsGet(request.Http.Request.Method) && request.Http.Request.Headers["Sec-Fetch-Site"] == "cross-site")
        {
            return request.MessageAsync(StatusCodes.Status200OK, "One moment", "The page opens.", again: true);
        }

        var call = request.Http.Request.Path.Value!.Split('/') is ["", "approvals", { Length: > 0 } id] && CallId.TryParse(id, out var callId) ? $"/{callId}" : "";
        return request.GoAsync($"login?to=approvals{call}");
    }

    private static Task ExplainAsync(ConsoleRequest request) => request.Http.Response switch
    {
        { HasStarted: false, StatusCode: 404, ContentType: null } => request.NotFoundAsync(),
        { HasStarted: false, StatusCode: 405, ContentType: null } => request.MessageAsync(StatusCodes.Status405MethodNotAllowed, "Not so", "This page is not asked in that way."),
        _ => Task.CompletedTask,
    };

    private Task FailAsync(ConsoleRequest request, Exception e)
    {
        var http = request.Http;
        if (e is OperationCanceledException && http.RequestAborted.IsCancellationRequested)
        {
            return Task.CompletedTask;
        }

        if (e is BadHttpRequestException bad)
        {
            return request.MessageAsync(bad.StatusCode, "Nothing was done", "The request cannot be read.");
        }

        // The framework wraps what goes wrong while it reads its keys.
        if (e is StoreUnavailableException || e.InnerException is StoreUnavailableException)
        {
            return request.MessageAsync(StatusCodes.Status503ServiceUnavailable, "Not available", "The store does not answer. Nothing was done; try again in a moment.");
        }

        if (e is InvalidDataException)
        {
            return request.MessageAsync(StatusCodes.Status503ServiceUnavailable, "Not available", "The call's history cannot be read, so nothing can be decided about it.");
        }

        log.PageFailed(e, http.Request.Method, http.Request.Path);
        return request.MessageAsync(StatusCodes.Status500InternalServerError, "Failed", "The gateway failed on this request; its log says more.");
    }
}
