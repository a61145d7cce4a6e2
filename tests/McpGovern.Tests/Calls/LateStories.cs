using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Calls;

/// <summary>An answer that comes after our own patience is kept: it ends a doubt, and never a person's word.</summary>
public sealed class LateStories
{
    // A call is to be on its way by then, however busy the machine is.
    private static readonly TimeSpan Sent = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_AfterTheTimeOut_IsRecordedAsLate(bool resolvedMeanwhile)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(callTimeout: Sent);
        var callId = await gateway.ParkAsync("until", $$"""{"file":"{{story.File("go")}}"}""");
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "outcome_unknown");
        if (resolvedMeanwhile)
        {
            var olga = new Actor("olga", "key:olga", "key") { Roles = Roles.Operator };
            Assert.Equal("recorded", (await gateway.Decisions.ResolveAsync(new(olga, callId, "rest", "failed", "looked"), default)).Answer);
        }

        await System.IO.File.WriteAllTextAsync(story.File("go"), "");

        await Processes.Eventually.TrueAsync(async () => (await gateway.EventsAsync(callId))[^1] is OutcomeArrivedLate, () => "the answer was dropped");
        var history = await gateway.HistoryAsync(callId);
        Assert.EndsWith(resolvedMeanwhile ? "OutcomeUnknown OutcomeResolved OutcomeArrivedLate" : "OutcomeUnknown OutcomeArrivedLate", history, StringComparison.Ordinal);
        var view = await gateway.ViewAsync(callId);
        Assert.Equal(("resolved", resolvedMeanwhile ? "failed: looked" : null), (view.Status, view.Reason));
        Assert.Contains("at last", (await gateway.ResultAsync(callId)).Raw, StringComparison.Ordinal);
        Assert.Single(story.Ledger);
    }

    [Fact]
    public async Task Allowed_AnsweredAfterTheTimeOut_LetsItsEffectStand()
    {
        await using var story = new Story(Story.Open + "\ntools: { \"*\": { effect: \"e:{file}\" } }");
        var gateway = await story.StartAsync(callTimeout: Sent);
        var arguments = $$"""{"file":"{{story.File("go")}}"}""";
        Assert.Contains("Outcome unknown", (await gateway.CallAsync("until", arguments)).Text, StringComparison.Ordinal);
        await System.IO.File.WriteAllTextAsync(story.File("go"), "");
        var callId = (await gateway.AllAsync())[0].CallId;
        await gateway.UntilAsync(callId, "resolved");

        Assert.Contains($"came about already: {callId}", (await gateway.CallAsync("until", arguments)).Text, StringComparison.Ordinal);
    }
}
