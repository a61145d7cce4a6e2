using System.Globalization;
using McpGovern.Calls;
using McpGovern.ConsolePages.Pages;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpGovern.ConsolePages;

/// <summary>One request for a page: who is logged in, where it is in the site, and how it is answered.</summary>
/// <param name="Login">The id of the login, or <c>null</c> where nobody is logged in.</param>
internal sealed record ConsoleRequest(HttpContext Http, Actor? Actor, string? Login)
{
    private static readonly object Item = new();

    public CancellationToken Aborted => Http.RequestAborted;

    public static ConsoleRequest Of(HttpContext http) => (ConsoleRequest)http.Items[Item]!;

    public void Keep() => Http.Items[Item] = this;

    public Actor Person => Actor ?? throw new InvalidOperationException("a page was reached without a login");

    /// <summary>The way up to the root, so that every link works behind a proxy that adds a path.</summary>
    public string Up => string.Concat(Enumerable.Repeat("../", Math.Max(0, Http.Request.Path.Value!.Count(c => c == '/') - 1)));

    /// <summary>The page's surroundings, with a form token that is this login's.</summary>
    public PageFrame Frame() => new(Up, Actor?.Id, Http.RequestServices.GetRequiredService<IAntiforgery>().GetAndStoreTokens(Http).RequestToken);

    public Task PageAsync<TPage>(object parameters, int status = StatusCodes.Status200OK)
        where TPage : IComponent =>
        new RazorComponentResult<TPage>(parameters) { StatusCode = status, PreventStreamingRendering = true }.ExecuteAsync(Http);

    /// <summary>A page that says one thing; it needs neither login nor store.</summary>
    /// <param name="again">The browser asks for the same page again, at once.</param>
    public Task MessageAsync(int status, string title, string text, bool again = false) =>
        PageAsync<MessagePage>(new { Frame = new PageFrame(Up, null, null), Title = title, Text = text, Again = again }, status);

    public Task NotFoundAsync() => MessageAsync(StatusCodes.Status404NotFound, "Not found", "There is no such page, or no such call that you may see.");

    /// <summary>After a form the browser asks for a page, so that going back or reloading sends nothing twice.</summary>
    public Task GoAsync(string path)
    {
        Http.Response.StatusCode = StatusCodes.Status303SeeOther;
        Http.Response.Headers.Location = Up + path;
        return Task.CompletedTask;
    }

    public Task RetryLaterAsync(TimeSpan wait)
    {
        Http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return MessageAsync(StatusCodes.Status429TooManyRequests, "Too many tries", "Too many wrong keys came from your address. Wait a minute, then try again.");
    }
}
