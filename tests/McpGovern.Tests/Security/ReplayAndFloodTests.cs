using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.Security;

public sealed class ReplayAndFloodTests(SecurityHouse house) : IClassFixture<SecurityHouse>
{
    [Fact]
    [Trait("attack", "S5"), Trait("attack", "S29")]
    public async Task Decision_SentAThousandTimesAtOnce_IsRecordedOnce()
    {
        var id = await house.ParkAsync(SecurityHouse.KeyOf("alice"), "steps");

        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(n =>
            house.SendAsync("POST", n % 2 == 0 ? $"/api/v1/calls/{id}/approve" : $"/executions/{id}/approve", SecurityHouse.KeyOf("bob"), """{"decision":"approved"}""")));

        Assert.Single((await house.EventsAsync(id)).OfType<ApprovalReceived>());
        Assert.All(answers, answer => Assert.True(
            answer.Status == 200 || (answer.Status == 409 && answer.Body.Contains("busy", StringComparison.Ordinal)), $"{answer.Status} {answer.Body}"));
        Assert.Equal(1, answers.Count(answer => answer.Body.Contains("\"answer\":\"recorded\"", StringComparison.Ordinal)));
        Assert.True((await house.EventsAsync(id)).OfType<DispatchStarted>().Count() <= 1);
    }

    [Fact]
    [Trait("attack", "S36")]
    public async Task Flood_OfOneActor_IsCapped_AndAnotherIsServed()
    {
        const int Cap = 50, Flood = 400;
        await using var story = new Story(Story.Gated) { Limits = new(Cap, 8 << 20, 1 << 20) };
        var gateway = await story.StartAsync();
        var flooder = new Actor("agent:flood", "key:agent:flood", "key");
        var flood = Task.WhenAll(Enumerable.Range(0, Flood).Select(n => gateway.CallAsync("echo", $$"""{"n":{{n}}}""", by: flooder)));
        var others = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => gateway.CallAsync("echo", $$"""{"m":{{n}}}""", by: Story.Bob)));
        var told = await flood;

        Assert.All(others, other => Assert.Equal("pending", other.Status));
        var parked = await gateway.Store.CountPendingAsync("story", flooder.Id, default);
        Assert.Equal(Cap, parked);
        Assert.Equal(Flood - parked, told.Count(t => t.Text.Contains("caps.pending_per_actor", StringComparison.Ordinal)));
        Assert.Empty(story.Ledger);
        Assert.Contains("caps.pending_per_actor", (await gateway.CallAsync("echo", """{"last":1}""", by: flooder)).Text, StringComparison.Ordinal);
    }
}
