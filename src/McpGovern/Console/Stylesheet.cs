using Microsoft.AspNetCore.Http;

namespace McpGovern.ConsolePages;

/// <summary>The one stylesheet, which is part of the program.</summary>
internal static class Stylesheet
{
    public static async Task WriteAsync(HttpContext http)
    {
        await using var css = typeof(Stylesheet).Assembly.GetManifestResourceStream("console.css")!;
        http.Response.ContentType = "text/css; charset=utf-8";
        await css.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}
