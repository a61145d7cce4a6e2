using System.Net;
using System.Text.Json;
using McpGovern.Calls;
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
        // HASH is the call's, GRANT a grant that there is.
        ["POST /api/v1/decisions"] = """{"decisions":[{"call_id":"{id}","decision":"approved","expected_hash":"HASH"}]}""",
        ["POST /api/v1/grants"] = """{"tool":"up.TOOL","for":"nobody-at-all","times":1,"until":"1h","comment":"matrix"}""",
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
        var tool = ToolFor(who);
        var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"), tool);
        var session = await house.OpenSessionAsync(SecurityHouse.KeyOf("caller"));
        var (method, path) = Split(route, route.StartsWith("DELETE /api/v1/grants", StringComparison.Ordinal) ? await GrantAsync() : id);
        path += route is "DELETE /api/v1/freezes" ? "?kind=actor&name=nobody-at-all&comment=matrix" : path == "/message" ? "?sessionId=none" : "";
        var hash = (await house.Gateway.Queries.FindAsync(Operator, id, default))!.CallHash;
        using var request = house.Request(method, path, await house.BearerOfAsync(who), Bodies.GetValueOrDefault(route)?
            .Replace("{id}", id, StringComparison.Ordinal).Replace("HASH", hash, StringComparison.Ordinal).Replace("TOOL", tool, StringComparison.Ordinal));
        if (path == "/mcp")
        {
            request.Headers.Add("Mcp-Session-Id", session);
        }

        request.Headers.Accept.ParseAdd(method == "GET" ? "text/event-stream, application/json" : "application/json, text/event-stream");
        var (status, body) = await house.SendAsync(request);
        if (path == "/api/v1/decisions" && status == 200)
        {
            // The message was taken; what counts is what became of the one decision in it.
            return $"{JsonElement.Parse(body).GetProperty("decisions")[0].GetProperty("http_status")}";
        }

        return path.StartsWith("/api/v1/calls", StringComparison.Ordinal) || path == "/api/v1/approvals"
            ? $"{status}{(method == "GET" && body.Contains($"\"{id}\"", StringComparison.Ordinal) ? "+" : "")}" : $"{status}";
    }

    // A rule has to name who comes with too little for it to show.
    private static string ToolFor(string who) => who == SecurityHouse.Narrowed ? "big" : "pay";

    /// <summary>A standing grant of the approver's, for the caller.</summary>
    private async Task<string> GrantAsync()
    {
        var approver = new Actor("approver", "key:approver", "key") { Roles = Roles.Approver };
        return (await house.Gateway.GrantHandler.CreateAsync(new(approver, "rest", "up.pay", "caller", 1, "1h", """{"id":{"eq":"no such"}}""", "matrix"), default)).Grant!.Id;
    }

    private async Task<string> PageAsync(string route, string who)
    {
        var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"), ToolFor(who));
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

    private static Actor Operator => new("operator", "key:operator", "key") { Roles = Roles.Operator };
}
