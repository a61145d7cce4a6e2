using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.ConsolePages;

/// <summary>Saying on a page what became of a call that nobody knows of.</summary>
public sealed class OutcomePageTests
{
    public const string Rule = "require_approval_for: [{ tools: [crash], approvers: [alice, bob] }]";

    [Theory]
    [InlineData("succeeded")]
    [InlineData("failed")]
    public async Task Outcome_ThatAPersonFoundOut_IsRecordedWithTheirWords(string outcome)
    {
        await using var house = await ConsoleHouse.OpenAsync(Rule);
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        var call = await LoseAsync(house);

        Assert.Contains("outcome unknown", (await alice.GetAsync("/approvals")).Text, StringComparison.Ordinal);
        var shown = await alice.GetAsync($"/approvals/{call}");
        Assert.Equal((true, true, false), (shown.HasButton("succeeded"), shown.HasButton("failed"), shown.HasButton("approve")));
        var page = await alice.DecideAsync(call, outcome, "looked at the ledger");

        Assert.Equal((303, $"../approvals/{call}"), (page.Status, page.Location));
        var resolved = (await house.Gateway.EventsAsync(call)).OfType<OutcomeResolved>().Single();
        Assert.Equal(("alice", outcome, "looked at the ledger", "console"), (resolved.By, resolved.Outcome, resolved.Comment, resolved.Via));
        Assert.DoesNotContain(call, (await alice.GetAsync("/approvals")).Html, StringComparison.Ordinal);
        Assert.Single(house.Ledger);
    }

    [Fact]
    public async Task Outcome_WithoutWords_IsAskedForAgain()
    {
        await using var house = await ConsoleHouse.OpenAsync(Rule);
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        var call = await LoseAsync(house);

        var page = await alice.DecideAsync(call, "succeeded", " ");

        Assert.Equal((400, true), (page.Status, page.HasButton("succeeded")));
        Assert.Equal("outcome_unknown", (await house.Gateway.ViewAsync(call)).Status);
    }

    /// <summary>Whom the rule does not name, and who is no operator, is not asked; nor is a call asked of that has an outcome.</summary>
    [Fact]
    public async Task Outcome_IsNotForEverybodyNorForEveryCall()
    {
        await using var house = await ConsoleHouse.OpenAsync("require_approval_for: [{ tools: [crash, echo], approvers: [alice] }]");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        using var bob = await house.VisitorAsync(ConsoleHouse.BobKey);
        var (lost, waiting) = (await LoseAsync(house), await house.Gateway.ParkAsync("echo"));

        Assert.Equal(404, (await bob.GetAsync($"/approvals/{lost}")).Status);
        Assert.Equal(404, (await bob.PostAsync($"/approvals/{lost}", new()
        {
            ["token"] = ConsoleVisitor.TokenIn((await bob.GetAsync("/approvals")).Html),
            ["comment"] = "I say so",
            ["decision"] = "succeeded",
        })).Status);
        Assert.Equal("outcome_unknown", (await house.Gateway.ViewAsync(lost)).Status);
        Assert.Equal(409, (await alice.DecideAsync(waiting, "succeeded", "before it ran")).Status);
        Assert.Equal("pending", (await house.Gateway.ViewAsync(waiting)).Status);
    }

    internal static async Task<string> LoseAsync(ConsoleHouse house)
    {
        var call = await house.Gateway.ParkAsync("crash");
        await house.Gateway.ApproveAsync(call);
        await house.Gateway.UntilAsync(call, "outcome_unknown");
        return call;
    }
}
