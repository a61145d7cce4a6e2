using System.Security.Claims;
using McpGovern.Calls;
using McpGovern.ConsolePages.Pages;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.ConsolePages;

/// <summary>In and out.</summary>
internal sealed class LoginPages(Logins logins, LoginThrottle throttle, ILogger log)
{
    private const string List = "approvals";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/login", http => ShowAsync(ConsoleRequest.Of(http)));
        routes.MapPost("/login", http => LoginAsync(ConsoleRequest.Of(http)));
        routes.MapPost("/logout", http => LogoutAsync(ConsoleRequest.Of(http)));
    }

    private static Task ShowAsync(ConsoleRequest request)
    {
        var to = Wanted(request.Http.Request.Query["to"]);
        return request.Actor is null ? FormAsync(request, to, null, StatusCodes.Status200OK) : request.GoAsync(to);
    }

    private async Task LoginAsync(ConsoleRequest request)
    {
        var (http, address) = (request.Http, request.Http.Connection.RemoteIpAddress);
        if (await ConsoleForm.ReadAsync(request) is not { } form)
        {
            return;
        }

        if (throttle.Begin(address) is { } wait)
        {
            log.LoginRefused($"{address}", "too many tries");
            await request.RetryLaterAsync(wait);
            return;
        }

        var to = Wanted(form["to"]);
        var (login, isAgents) = await logins.OpenAsync(form["key"].ToString().Trim(), request.Aborted);
        if (login is null)
        {
            var why = isAgents ? "This key is an agent's. A person's key is needed here." : "This key is not known here.";
            log.LoginRefused($"{address}", why);
            await FormAsync(request, to, why, StatusCodes.Status401Unauthorized);
            return;
        }

        throttle.Succeeded(address);
        log.LoggedIn((await logins.FindAsync(login, request.Aborted))?.Id ?? "", $"{address}");
        await http.SignInAsync(ConsoleServices.Scheme, new(new ClaimsIdentity([new("sub", login)], ConsoleServices.Scheme)));
        await request.GoAsync(to);
    }

    private async Task LogoutAsync(ConsoleRequest request)
    {
        if (await ConsoleForm.ReadAsync(request) is not null)
        {
            await logins.CloseAsync(request.Login!, request.Aborted);
            await request.Http.SignOutAsync(ConsoleServices.Scheme);
            await request.GoAsync("login");
        }
    }

    private static Task FormAsync(ConsoleRequest request, string to, string? fault, int status) =>
        request.PageAsync<LoginPage>(new { Frame = request.Frame(), To = to, Fault = fault }, status);

    /// <summary>Where the login leads: a page of ours, whatever the address says.</summary>
    private static string Wanted(string? to) =>
        to?.Split('/') is [List, var id] && CallId.TryParse(id, out var callId) ? $"{List}/{callId}" : List;
}
