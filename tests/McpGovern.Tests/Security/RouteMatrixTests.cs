using System.Net;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.Tests.Security;

/// <summary>Every role on every route that is really served: a route without a row fails, and so does a row without a route.</summary>
public sealed class RouteMatrixTests(SecurityHouse house) : IClassFixture<SecurityHouse>
{
    // One word for each of SecurityHouse.Who: the HTTP status, and for lists whether the caller's call is in them.
    private static readonly IReadOnlyDictionary<string, string> Expected = ExpectedTable.Read("routes.txt");

    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["POST /executions/{id}/approve"] = """{"decision":"approved"}""",
        ["POST /api/v1/calls/{id}/resolve"] = """{"outcome":"succeeded","comment":"seen"}""",
        ["POST /api/v1/freezes"] = """{"kind":"actor","name":"nobody-at-all","comment":"matrix"}""",
        ["POST /message"] = """{"jsonrpc":"2.0","id":1,"method":"ping"}""",
        ["POST /mcp"] = """{"jsonrpc":"2.0","id":1,"method":"ping"}""",
    };

    [Fact]
    [Trait("attack", "S6"), Trait("attack", "S10")]
    public async Task EveryRoute_ForEveryRole_AnswersAsTheTableSays()
    {
        var actual = new Dictionary<string, string>();
        foreach (var route in house.Serve.Routes.SelectMany(RowsOf).Distinct().Order(StringComparer.Ordinal))
        {
            var cells = new List<string>();
            foreach (var who in SecurityHouse.Who)
            {
                cells.Add(await (IsPage(route) ? PageAsync(route, who) : AskAsync(route, who)));
            }

            actual[route] = string.Join(' ', cells);
        }

        ExpectedTable.Compare(Expected, actual);
    }

    [Fact]
    [Trait("attack", "S4")]
    public async Task Page_AskedWithAKeyInsteadOfALogin_ShowsNothing()
    {
        var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"));
        foreach (var route in house.Serve.Routes.SelectMany(RowsOf).Where(route => IsPage(route) && route.Contains("approvals", StringComparison.Ordinal)))
        {
            var (method, path) = Split(route, id);
            var (status, body) = await house.SendAsync(method, path, SecurityHouse.KeyOf("approver"));
            Assert.Equal(HttpStatusCode.SeeOther, (HttpStatusCode)status);
            Assert.DoesNotContain(id, body, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> RowsOf(RouteEndpoint route) =>
        (route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["ANY"]).Select(method => $"{method} /{route.RoutePattern.RawText!.TrimStart('/')}");

    private static bool IsPage(string route) => McpGovern.ConsolePages.ApprovalConsole.Owns(route.Split(' ')[1]);

    private static (string Method, string Path) Split(string route, string callId) =>
        (route.Split(' ')[0], route.Split(' ')[1].Replace("{id}", callId, StringComparison.Ordinal));

    private async Task<string> AskAsync(string route, string who)
    {
        var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"));
        var session = await house.OpenSessionAsync(SecurityHouse.KeyOf("caller"));
        var (method, path) = Split(route, id);
        path += route is "DELETE /api/v1/freezes" ? "?kind=actor&name=nobody-at-all&comment=matrix" : path == "/message" ? "?sessionId=none" : "";
        using var request = house.Request(method, path, who == "stranger" ? null : SecurityHouse.KeyOf(who), Bodies.GetValueOrDefault(route));
        if (path == "/mcp")
        {
            request.Headers.Add("Mcp-Session-Id", session);
        }

        request.Headers.Accept.ParseAdd(method == "GET" ? "text/event-stream, application/json" : "application/json, text/event-stream");
        var (status, body) = await house.SendAsync(request);
        return path.StartsWith("/api/v1/calls", StringComparison.Ordinal) || path == "/api/v1/approvals"
            ? $"{status}{(method == "GET" && body.Contains($"\"{id}\"", StringComparison.Ordinal) ? "+" : "")}" : $"{status}";
    }

    private async Task<string> PageAsync(string route, string who)
    {
        var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"));
        using var visitor = await house.VisitorAsync(who);
        var (method, path) = Split(route, id);
        if (method == "GET")
        {
            var page = await visitor.GetAsync(path);
            return $"{page.Status}{(page.HasButton("approve") ? "!" : page.Html.Contains(id, StringComparison.Ordinal) ? "+" : "")}";
        }

        var from = who == "stranger" ? "/login" : path == "/logout" ? "/approvals" : path;
        var answer = await visitor.GetAsync(from);
        var fields = new Dictionary<string, string>
        {
            ["decision"] = "approve",
            ["expected_hash"] = (await house.Gateway.Queries.FindAsync(Operator, id, default))!.CallHash!,
            ["key"] = "none",
            ["to"] = "approvals",
        };
        if (answer.Html.Contains("name=\"token\"", StringComparison.Ordinal))
        {
            fields["token"] = ConsolePages.ConsoleVisitor.TokenIn(answer.Html);
        }

        return $"{(await visitor.PostAsync(path, fields)).Status}";
    }

    private static McpGovern.Calls.Actor Operator => new("operator", "key:operator", "key") { Roles = McpGovern.Calls.Roles.Operator };
}
