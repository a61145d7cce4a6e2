using McpGovern.Calls;
using McpGovern.Tests.Storage;

namespace McpGovern.Tests.Calls;

/// <summary>The store goes away while an agent waits.</summary>
public sealed class OutageStories
{
    [SkippableFact]
    public async Task StoreThatStops_WhileACallIsHeld_IsNoWordThatItWasNotExecuted()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var database = await server.CreateOwnDatabaseAsync();
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(hold: Story.Long, serve: false, storeText: database);
        await gateway.OpenAsync(default);
        var held = gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, "echo", "{}"), default);
        var callId = await gateway.PendingAsync();

        await server.StopAsync();
        var answer = Assert.IsType<CallAnswer.Result>(await held.WaitAsync(Story.Long));

        var text = System.Text.Encoding.UTF8.GetString(answer.Json.Span);
        Assert.Contains($"{callId} is recorded", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Not executed", text, StringComparison.Ordinal);
        Assert.Contains("\"isError\":true", text, StringComparison.Ordinal);
        await server.StartAsync();
    }
}
