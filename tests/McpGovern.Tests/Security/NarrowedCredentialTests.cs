using System.Text;
using System.Text.Json;
using McpGovern.Calls;

namespace McpGovern.Tests.Security;

/// <summary>A key or token that was made for calling decides nothing, though a rule names whoever it belongs to: a model may hold it.</summary>
public sealed class NarrowedCredentialTests(SecurityHouse house) : IClassFixture<SecurityHouse>
{
    [Fact]
    [Trait("attack", "S8")]
    public async Task Decision_WithACallersKeyOfANamedApprover_IsRecordedByNoDoor()
    {
        var key = (await house.BearerOfAsync(SecurityHouse.Narrowed))!;
        foreach (var bearer in (string[])[key, house.TokenOf(scope: "mcpgovern:call"), house.TokenOf("coder", "openid mcpgovern:call")])
        {
            // Alice, bob and agent:coder are named by the rule.
            var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"), "big");
            foreach (var (path, body) in ((string, string)[])
                [($"/api/v1/calls/{id}/approve", "{}"), ($"/api/v1/calls/{id}/reject", "{}"), ($"/executions/{id}/approve", """{"decision":"approved"}""")])
            {
                Assert.Equal(404, (await house.SendAsync("POST", path, bearer, body)).Status);
            }

            var batch = await house.SendAsync("POST", "/api/v1/decisions", bearer, Encoding.UTF8.GetString(await house.BatchAsync(id)));
            Assert.Equal("not_found", JsonElement.Parse(batch.Body).GetProperty("decisions")[0].GetProperty("answer").GetString());
            var tool = await house.CallAsync(bearer, "jamjet_approve", $$"""{"call_id":"{{id}}","decision":"approved"}""");
            Assert.True(tool.GetProperty("isError").GetBoolean());
            var grant = await house.SendAsync("POST", "/api/v1/grants", bearer, """{"tool":"up.big","for":"caller","times":1,"until":"1h","comment":"c"}""");
            Assert.Equal(403, grant.Status);
            Assert.Equal(2, (await house.EventsAsync(id)).Count);
        }
    }

    [Fact]
    [Trait("attack", "S8")]
    public async Task Login_WithACallersKeyOfANamedApprover_ProvesNothingAndDecidesNothing()
    {
        var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"), "big");
        using var visitor = await house.VisitorAsync(SecurityHouse.Narrowed);
        using var bob = await house.VisitorAsync("bob");
        var token = ConsolePages.ConsoleVisitor.TokenIn((await visitor.GetAsync("/approvals")).Html);
        var hash = (await house.EventsAsync(id)).OfType<ToolApprovalRequired>().Single().CallHash;

        Assert.Equal(404, (await visitor.GetAsync($"/approvals/{id}")).Status);
        Assert.Equal(404, (await visitor.PostAsync($"/approvals/{id}", new() { ["token"] = token, ["expected_hash"] = hash, ["decision"] = "approve" })).Status);
        Assert.Equal(2, (await house.EventsAsync(id)).Count);
        Assert.Equal(303, (await bob.DecideAsync(id, "approve")).Status);
    }

    /// <summary>The session is the person's, and the rights are those of the key that speaks.</summary>
    [Fact]
    [Trait("attack", "S8")]
    public async Task Session_OpenedWithAnApproversKey_GivesACallersKeyNoMoreRights()
    {
        var full = SecurityHouse.KeyOf("bob");
        var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"), "big");
        var session = await house.OpenSessionAsync(full);

        Assert.Contains("not_found", await ApproveAsync((await house.BearerOfAsync(SecurityHouse.Narrowed))!), StringComparison.Ordinal);
        Assert.Equal(2, (await house.EventsAsync(id)).Count);
        Assert.Contains("recorded", await ApproveAsync(full), StringComparison.Ordinal);

        async Task<string> ApproveAsync(string bearer)
        {
            using var request = house.Request("POST", "/mcp", bearer,
                $$$"""{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"jamjet_approve","arguments":{"call_id":"{{{id}}}","decision":"approved"} } }""");
            request.Headers.Add("Mcp-Session-Id", session);
            request.Headers.Accept.ParseAdd("application/json, text/event-stream");
            return (await house.SendAsync(request)).Body;
        }
    }

    [Fact]
    [Trait("attack", "S8")]
    public async Task Connection_OpenedWithAnApproversKey_IsNotThereForACallersKey()
    {
        var full = SecurityHouse.KeyOf("bob");
        var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"), "big");
        using var opening = house.Request("GET", "/sse", full);
        using var stream = await house.Http.SendAsync(opening, HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await stream.Content.ReadAsStreamAsync());
        string? line;
        while ((line = await events.ReadLineAsync())?.StartsWith("data: ", StringComparison.Ordinal) == false)
        {
        }

        Assert.Equal(404, (await ApproveAsync((await house.BearerOfAsync(SecurityHouse.Narrowed))!)).Status);
        Assert.Equal(2, (await house.EventsAsync(id)).Count);
        Assert.Equal(202, (await ApproveAsync(full)).Status);

        Task<(int Status, string Body)> ApproveAsync(string bearer) => house.SendAsync("POST", line!["data: ".Length..], bearer,
            $$$"""{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"jamjet_approve","arguments":{"call_id":"{{{id}}}","decision":"approved"} } }""");
    }
}
