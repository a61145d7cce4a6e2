using System.Globalization;
using McpGovern.Calls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.Server;

/// <summary>Looking at calls. Nothing here changes anything.</summary>
internal sealed class CallRoutes(CallQueries queries)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/calls", http => ListAsync(http, Query(http, "status") is { } text ? text.Split(',', StringSplitOptions.TrimEntries) : []));
        routes.MapGet("/api/v1/approvals", http => ListAsync(http, ["pending"]));
        routes.MapGet("/api/v1/calls/{id}", OneAsync);
    }

    private async Task ListAsync(HttpContext http, string[] statuses)
    {
        if (Array.Find(statuses, status => !CallStatusWords.IsKnown(status)) is { } unknown)
        {
            await RestAnswer.BadRequestAsync(http, $"status '{unknown}' is unknown; use {CallStatusWords.Listed}");
            return;
        }

        var limit = 50;
        if (Query(http, "limit") is { } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > 200))
        {
            await RestAnswer.BadRequestAsync(http, "limit must be a whole number from 1 to 200");
            return;
        }

        var filter = new CallFilter(statuses, limit)
        {
            Cursor = Query(http, "cursor"),
            Server = Query(http, "server"),
            Tool = Query(http, "tool"),
            RequestedBy = Query(http, "requested_by"),
        };
        try
        {
            await RestAnswer.JsonAsync(http, CallJson.Write(await queries.ListAsync(Authentication.ActorOf(http), filter, http.RequestAborted)));
        }
        catch (FormatException)
        {
            await RestAnswer.BadRequestAsync(http, "cursor is not one of ours; send next_cursor of the answer before, or none");
        }
    }

    private async Task OneAsync(HttpContext http)
    {
        var id = RouteId.Of(http);
        if (!CallId.TryParse(id, out _))
        {
            await RestAnswer.BadRequestAsync(http, RouteId.Malformed(id));
        }
        else if (await queries.FindAsync(Authentication.ActorOf(http), id, http.RequestAborted) is { } call)
        {
            await RestAnswer.JsonAsync(http, CallJson.Write(call));
        }
        else
        {
            await RestAnswer.NotFoundAsync(http, id);
        }
    }

    private static string? Query(HttpContext http, string name) => http.Request.Query[name].ToString() is { Length: > 0 } text ? text : null;
}

/// <summary>The id in a route.</summary>
internal static class RouteId
{
    public static string Of(HttpContext http) => (string)http.Request.RouteValues["id"]!;

    public static string Malformed(string id) => $"'{id}' is no id; send call_ or exec_ and 32 hex digits, or a UUID";
}
