using System.Collections.Concurrent;
using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.Security;

/// <summary>Until a call is approved its upstream knows nothing of it, so that it can report, ask and log nothing by the way.</summary>
public sealed class BeforeApprovalTests
{
    [Fact]
    [Trait("attack", "S49")]
    public async Task Upstream_BeforeTheApproval_HasNothingToReportOf()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(Story.Long);
        var heard = new Heard();
        var asking = gateway.CallAsync("progress", """{"count":3}""", progress: heard);
        var callId = await gateway.PendingAsync();

        Assert.DoesNotContain("tools/call", story.Log);
        Assert.DoesNotContain(heard.All, report => report.Contains("step", StringComparison.Ordinal));
        await gateway.DecideAsync(callId, "rejected");
        Assert.True((await asking).IsError);
        Assert.DoesNotContain("tools/call", story.Log);
        Assert.Empty(story.Ledger);

        // After an approval it is heard.
        var again = gateway.CallAsync("progress", """{"count":4}""", progress: heard);
        await gateway.ApproveAsync(await gateway.PendingAsync());
        Assert.False((await again).IsError);
        Assert.Contains("tools/call", story.Log);
        Assert.Equal(4, heard.All.Count(report => report.Contains("step", StringComparison.Ordinal)));
    }

    private sealed class Heard : ICallProgress
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ValueTask ReportAsync(string paramsJson)
        {
            All.Enqueue(paramsJson);
            return ValueTask.CompletedTask;
        }
    }
}
