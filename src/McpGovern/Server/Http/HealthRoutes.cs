using McpGovern.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace McpGovern.Server;

/// <summary><c>/healthz</c>: the process is up. <c>/readyz</c>: its store answers.</summary>
internal static class HealthRoutes
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static void Map(IEndpointRouteBuilder routes, Func<CancellationToken, Task> storeAnswers, ILogger log)
    {
        routes.MapGet("/healthz", http => http.Response.WriteAsync("ok"));
        routes.MapGet("/readyz", async http =>
        {
            try
            {
                await storeAnswers(http.RequestAborted).WaitAsync(Patience, http.RequestAborted);
                await http.Response.WriteAsync("ok");
            }
            catch (Exception e) when (e is StoreUnavailableException or TimeoutException)
            {
                log.StoreNotReady(e);
                http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                await http.Response.WriteAsync("the store does not answer");
            }
        });
    }
}
