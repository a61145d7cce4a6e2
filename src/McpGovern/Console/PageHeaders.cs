using Microsoft.AspNetCore.Http;

namespace McpGovern.ConsolePages;

/// <summary>What every answer of the pages tells the browser: no script, nothing from elsewhere, no frame around it, nothing kept.</summary>
internal static class PageHeaders
{
    public const string Policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    // Last, because the framework writes some of them itself.
    public static void SetAtStart(HttpResponse response) => response.OnStarting(() =>
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XFrameOptions = "DENY";
        // Not no-referrer: with it a browser sends Origin: null along with our own forms, which could then not be told from a stranger's.
        response.Headers["Referrer-Policy"] = "same-origin";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        response.Headers.Remove("Pragma");
        response.Headers.Remove("blazor-enhanced-nav");
        return Task.CompletedTask;
    });
}
