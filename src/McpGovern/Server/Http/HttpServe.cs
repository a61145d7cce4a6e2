using McpGovern.Calls;
using McpGovern.ConsolePages;
using McpGovern.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace McpGovern.Server;

/// <summary>One port: <c>/mcp</c>, <c>/api/v1</c>, JamJet's routes, the pages for people and the health checks. Every request passes the same steps in the same order.</summary>
internal sealed class HttpServe : IAsyncDisposable
{
    private static readonly string[] Open = ["/healthz", "/readyz"];

    private readonly WebApplication _app;
    private readonly McpSessions _sessions;
    private readonly Task _sweeping;

    private HttpServe(WebApplication app, McpSessions sessions) =>
        (_app, _sessions, _sweeping) = (app, sessions, sessions.SweepAsync());

    /// <summary>Where it listens, with the port that the operating system gave.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Every route that is served.</summary>
    public IReadOnlyList<RouteEndpoint> Routes => [.. ((IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()];

    /// <summary>Ends at SIGTERM, SIGINT or <see cref="DisposeAsync"/>.</summary>
    public Task Stopped => _app.WaitForShutdownAsync();

    /// <param name="options">Those that <see cref="HttpOptions.WhyNot"/> has no objection to.</param>
    /// <param name="authenticator">Who may come in.</param>
    /// <param name="storeAnswers">Throws <see cref="StoreUnavailableException"/> while the store does not.</param>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<HttpServe> StartAsync(
        HttpOptions options, Authenticator authenticator, Gateway gateway, McpFrontDoor door, LiveConnections live, Func<CancellationToken, Task> storeAnswers,
        TimeProvider time, ILoggerFactory logs, CancellationToken ct)
    {
        // The empty builder reads no environment: no ASPNETCORE_URLS opens a port that the settings do not name.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(logs).AddRouting();
        ConsoleServices.Add(builder.Services, gateway.Store, time, options.PublicUrl is { Scheme: "https" }, options.Listen.Port);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        var app = builder.Build();
        var records = new SessionRecords(gateway.Store, options.SessionIdle, time);
        var sessions = new McpSessions(door, live, records, options, time, logs.CreateLogger<McpSessions>());
        var places = new Admittance(options.Limits, time);
        var stateless = new StatelessEndpoint(door, places, options, time, logs.CreateLogger<StatelessEndpoint>(), app.Lifetime.ApplicationStopping);
        var log = logs.CreateLogger<HttpServe>();
        var guard = new HostGuard(options);
        var logins = new Logins(new(authenticator.OpenAsync, authenticator.FindTaggedAsync), gateway.Store, time);
        var console = new ApprovalConsole(gateway.Queries, gateway.Decisions, logins, options.PublicUrl, time, logs.CreateLogger<ApprovalConsole>());
        app.Use((http, next) => AdmitAsync(http, next, guard, authenticator, console, log));
        authenticator.Metadata?.Map(app);
        MapAll(app, new McpEndpoint(sessions, stateless, places, options), gateway, storeAnswers, log);
        console.Map(app);
        if (options.LegacySse)
        {
            var sse = new LegacySseEndpoint(door, live, places, options, time, logs.CreateLogger<LegacySseEndpoint>(), app.Lifetime.ApplicationStopping);
            app.MapGet(LegacySseEndpoint.StreamPath, sse.GetAsync);
            app.MapPost(LegacySseEndpoint.MessagePath, sse.PostAsync);
        }

        // Streams would hold the shutdown up until its time is over.
        app.Lifetime.ApplicationStopping.Register(() => sessions.LetAllGoAsync().Wait(TimeSpan.FromSeconds(2)));
        await app.StartAsync(ct);
        var serve = new HttpServe(app, sessions);
        gateway.Links = new ApprovalLinks(options.PagesAt(serve.Address));
        log.Serving(serve.Address.ToString());
        return serve;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _sessions.DisposeAsync();
        await _sweeping;
        await _app.DisposeAsync();
    }

    private static void Configure(KestrelServerOptions kestrel, HttpOptions options)
    {
        kestrel.AddServerHeader = false;
        // Bodies are counted where they are read, so that too large a one gets an answer in the protocol's own words.
        kestrel.Limits.MaxRequestBodySize = null;
        if (options.Listen.Host == "localhost" && options.Listen.Port != 0)
        {
            kestrel.ListenLocalhost(options.Listen.Port);
        }
        else
        {
            kestrel.Listen(options.Address!, options.Listen.Port);
        }
    }

    private static async Task AdmitAsync(HttpContext http, RequestDelegate next, HostGuard guard, Authenticator authenticator, ApprovalConsole console, ILogger log)
    {
        try
        {
            if (guard.WhyNot(http) is { } why)
            {
                log.RequestRefused(http.Request.Method, http.Request.Path, why);
                await (ApprovalConsole.Owns(http.Request.Path) ? ApprovalConsole.RefuseAsync(http, why)
                    : Problem.WriteAsync(http, StatusCodes.Status403Forbidden, "forbidden", why));
            }
            else if (ApprovalConsole.Owns(http.Request.Path))
            {
                // A login's cookie opens these and nothing else, and a key opens none of them.
                await console.ServeAsync(http, next);
            }
            else if (Open.Contains(http.Request.Path.Value) || authenticator.Metadata?.IsAt(http.Request.Path) == true
                || await Authentication.TryAuthenticateAsync(http, authenticator))
            {
                await next(http);
                await ExplainAsync(http);
            }
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            await FailAsync(http, e, log);
        }
    }

    private static async Task FailAsync(HttpContext http, Exception e, ILogger log)
    {
        switch (e)
        {
            case OperationCanceledException when http.RequestAborted.IsCancellationRequested:
                return;
            case StoreUnavailableException:
                await Problem.WriteAsync(http, AnswerCode.Unavailable, e.Message);
                return;
            case InvalidDataException:
                await Problem.WriteAsync(http, AnswerCode.Unavailable, $"the call's history cannot be read: {e.Message}");
                return;
            case Microsoft.AspNetCore.Http.BadHttpRequestException bad:
                await Problem.WriteAsync(http, bad.StatusCode, AnswerCode.BadRequest.Word, "the request cannot be read");
                return;
            default:
                log.RequestFailed(e, http.Request.Method, http.Request.Path);
                await Problem.WriteAsync(http, StatusCodes.Status500InternalServerError, "internal", "the gateway failed on this request; see its log");
                return;
        }
    }

    private static Task ExplainAsync(HttpContext http) => http.Response switch
    {
        { HasStarted: false, StatusCode: 404, ContentType: null } => Problem.WriteAsync(http, AnswerCode.NotFound, "there is nothing at this address"),
        { HasStarted: false, StatusCode: 405, ContentType: null } =>
            Problem.WriteAsync(http, StatusCodes.Status405MethodNotAllowed, "method_not_allowed", "this address has no such method"),
        _ => Task.CompletedTask,
    };

    private static void MapAll(WebApplication app, McpEndpoint mcp, Gateway gateway, Func<CancellationToken, Task> storeAnswers, ILogger log)
    {
        app.MapPost("/mcp", mcp.PostAsync);
        app.MapGet("/mcp", mcp.GetAsync);
        app.MapDelete("/mcp", mcp.DeleteAsync);
        new CallRoutes(gateway.Queries).Map(app);
        new DecisionRoutes(gateway.Decisions).Map(app);
        new FreezeRoutes(gateway.FreezeHandler).Map(app);
        new GrantRoutes(gateway.GrantHandler).Map(app);
        new ToolRoutes(gateway.PinHandler).Map(app);
        new JamJetRoutes(gateway.Queries, gateway.Decisions).Map(app);
        HealthRoutes.Map(app, storeAnswers, log);
    }
}
