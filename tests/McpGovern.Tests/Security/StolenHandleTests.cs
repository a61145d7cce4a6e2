using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Server;

namespace McpGovern.Tests.Security;

/// <summary>
/// What one actor holds says nothing to another: 500 tries with real ids of calls, executions, tasks, sessions and states each read exactly
/// like the same try with an id that nobody ever had.
/// </summary>
public sealed class StolenHandleTests(SecurityHouse house) : IClassFixture<SecurityHouse>
{
    private const int Calls = 36;

    private static string Thief => SecurityHouse.KeyOf("other");

    [Fact]
    [Trait("attack", "S10"), Trait("attack", "S6")]
    public async Task Handle_OfAnotherActor_ReadsAsUnknown()
    {
        var tries = 0;
        for (var n = 0; n < Calls; n++)
        {
            var real = await house.ParkAsync(SecurityHouse.KeyOf("caller"));
            var made = $"call_{Guid.CreateVersion7():n}";
            Assert.Equal(200, (await house.SendAsync("GET", $"/api/v1/calls/{real}", SecurityHouse.KeyOf("caller"))).Status);
            foreach (var (door, ask) in Doors)
            {
                var (stolen, unknown) = (await ask(real), await ask(made));
                Assert.Equal($"{door}: {Shape(unknown, made)}", $"{door}: {Shape(stolen, real)}");
                tries++;
            }

            Assert.Equal(2, (await house.EventsAsync(real)).Count);
        }

        using var visitor = await house.VisitorAsync("other");
        for (var n = 0; n < 20; n++)
        {
            var (real, made) = (await house.ParkAsync(SecurityHouse.KeyOf("caller")), $"call_{Guid.CreateVersion7():n}");
            var (stolen, unknown) = (await visitor.GetAsync($"/approvals/{real}"), await visitor.GetAsync($"/approvals/{made}"));
            Assert.Equal((404, Plain(unknown.Html, made)), (stolen.Status, Plain(stolen.Html, real)));
            tries++;
        }

        Assert.True(tries >= 440, $"{tries} tries");
    }

    [Fact]
    [Trait("attack", "S10")]
    public async Task Session_OfAnotherActor_ReadsAsUnknown_AndLives()
    {
        for (var n = 0; n < 20; n++)
        {
            var (real, made) = (await house.OpenSessionAsync(SecurityHouse.KeyOf("caller")), Guid.NewGuid().ToString("N"));
            foreach (var method in (string[])["POST", "GET", "DELETE"])
            {
                var (stolen, unknown) = (await InSessionAsync(method, real, Thief), await InSessionAsync(method, made, Thief));
                Assert.Equal((404, Plain(unknown.Body, made)), (stolen.Status, Plain(stolen.Body, real)));
            }

            Assert.Equal(200, (await InSessionAsync("POST", real, SecurityHouse.KeyOf("caller"))).Status);
        }
    }

    [Fact]
    [Trait("attack", "S10"), Trait("attack", "S47")]
    public async Task State_OfAnotherActor_OpensNothing()
    {
        var (owner, thief) = (new Actor("caller", "key:caller", "key"), new Actor("other", "key:other", "key"));
        for (var n = 0; n < 40; n++)
        {
            var state = await house.Gateway.States.SealAsync(owner, "inputs:", Encoding.UTF8.GetBytes($"{n}"), TimeSpan.FromHours(1), default);
            Assert.NotNull(await house.Gateway.States.OpenAsync(owner, "inputs:", state, default));
            Assert.Null(await house.Gateway.States.OpenAsync(thief, "inputs:", state, default));
            var (stolen, unknown) = (await WithStateAsync(state), await WithStateAsync(new string('A', state.Length)));
            Assert.Equal(unknown, stolen);
            Assert.Contains("-32602", stolen, StringComparison.Ordinal);
        }
    }

    private (string Door, Func<string, Task<(int, string)>> Ask)[] Doors =>
    [
        ("get", id => house.SendAsync("GET", $"/api/v1/calls/{id}", Thief)),
        ("approve", id => house.SendAsync("POST", $"/api/v1/calls/{id}/approve", Thief, "{}")),
        ("reject", id => house.SendAsync("POST", $"/api/v1/calls/{id}/reject", Thief, "{}")),
        ("cancel", id => house.SendAsync("POST", $"/api/v1/calls/{id}/cancel", Thief, "{}")),
        ("resolve", id => house.SendAsync("POST", $"/api/v1/calls/{id}/resolve", Thief, """{"outcome":"failed"}""")),
        ("executions", id => house.SendAsync("GET", $"/executions/{CallId.ExecutionOf(id)}/approvals", Thief)),
        ("execution approve", id => house.SendAsync("POST", $"/executions/{CallId.ExecutionOf(id)}/approve", Thief, """{"decision":"approved"}""")),
        ("jamjet_approve", id => ToolAsync("jamjet_approve", $$"""{"call_id":"{{id}}","decision":"approved"}""")),
        ("jamjet_result", id => ToolAsync("jamjet_result", $$"""{"call_id":"{{id}}"}""")),
        ("jamjet_cancel", id => ToolAsync("jamjet_cancel", $$"""{"call_id":"{{id}}"}""")),
        ("jamjet_approvals", id => ToolAsync("jamjet_approvals", $$"""{"execution_id":"{{CallId.ExecutionOf(id)}}"}""")),
        ("tasks/get", id => TaskAsync("tasks/get", id)),
        ("tasks/update", id => TaskAsync("tasks/update", id)),
        ("tasks/cancel", id => TaskAsync("tasks/cancel", id)),
    ];

    private async Task<(int, string)> ToolAsync(string tool, string arguments) => (200, (await house.CallAsync(Thief, tool, arguments)).GetRawText());

    private async Task<(int, string)> TaskAsync(string method, string id)
    {
        var more = method == "tasks/update" ? "\"inputResponses\":{}," : "";
        var (status, answer) = await house.McpAsync(Thief, method, $"\"taskId\":\"{id}\",{more}", id, ModernClient.Meta(ModernClient.TasksCapability));
        Assert.True(answer.TryGetProperty("error", out _), answer.GetRawText());
        return (status, answer.GetRawText());
    }

    private async Task<string> WithStateAsync(string state)
    {
        var (status, answer) = await house.McpAsync(Thief, "tools/call",
            $"\"name\":\"pay\",\"arguments\":{{\"n\":1}},\"inputResponses\":{{}},\"requestState\":{JsonSerializer.Serialize(state)},", "pay");
        return $"{status} {answer.GetRawText()}";
    }

    private async Task<(int Status, string Body)> InSessionAsync(string method, string session, string bearer)
    {
        using var request = house.Request(method, "/mcp", bearer, method == "POST" ? """{"jsonrpc":"2.0","id":5,"method":"ping"}""" : null);
        request.Headers.Add("Mcp-Session-Id", session);
        request.Headers.Accept.ParseAdd(method == "GET" ? "text/event-stream" : "application/json, text/event-stream");
        return await house.SendAsync(request);
    }

    private static string Shape((int Status, string Body) answer, string callId) => $"{answer.Status} {Plain(answer.Body, callId)}";

    private static string Plain(string text, string id) =>
        text.Replace(id.Replace("call_", "", StringComparison.Ordinal), "ID", StringComparison.Ordinal);
}
