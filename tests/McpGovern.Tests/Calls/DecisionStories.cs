using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Calls;

/// <summary>Deadlines, quorums, presence and withdrawal, with nobody sweeping.</summary>
public sealed class DecisionStories
{
    [Fact]
    public async Task Approval_AfterTheDeadlineWithoutASweeper_IsTooLate()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        var deadline = (await gateway.ViewAsync(callId)).Deadline!.Value;
        Assert.Equal(TimeSpan.FromSeconds(300), deadline - (await gateway.ViewAsync(callId)).RequestedAt);
        story.Time.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal("expired", (await gateway.DecideAsync(callId, "approved")).Answer);
        Assert.Equal("CallSubmitted ToolApprovalRequired", await gateway.HistoryAsync(callId));
    }

    [Fact]
    public async Task Start_WithPastDueCalls_ExpiresThemFirst()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        story.Time.Advance(TimeSpan.FromSeconds(301));
        var next = await story.StartAsync(serve: false);
        Assert.Equal("expired", (await next.ViewAsync(callId)).Status);
        Assert.Contains("may be asked for again", (await next.ResultAsync(callId)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deadline_OfNever_NeverPasses()
    {
        await using var story = new Story("require_approval_for: [{ tools: [\"*\"], deadline: never, valid_for: never }]");
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        Assert.Null((await gateway.ViewAsync(callId)).Deadline);
        story.Time.Advance(TimeSpan.FromDays(3650));
        await gateway.ApproveAsync(callId);
        story.Time.Advance(TimeSpan.FromDays(3650));
        await gateway.Dispatcher.Start(callId);
        Assert.Equal("succeeded", (await gateway.ViewAsync(callId)).Status);
    }

    [Fact]
    public async Task Approval_NotDispatchedWithinItsValidity_Expires()
    {
        await using var story = new Story("require_approval_for: [{ tools: [\"*\"], valid_for: 15m }]");
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        await gateway.ApproveAsync(callId);
        story.Time.Advance(TimeSpan.FromMinutes(15));
        await gateway.Dispatcher.Start(callId);
        Assert.Empty(story.Ledger);
        var serving = await story.StartAsync();
        await serving.UntilAsync(callId, "expired");
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public async Task Quorum_OfTwo_RunsAfterTheSecondActor()
    {
        await using var story = new Story("require_approval_for: [{ tools: [\"*\"], quorum: 2 }]");
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");
        var first = await gateway.DecideAsync(callId, "approved");
        Assert.Equal(("recorded", "pending", new ApprovalCount(1, 2)), (first.Answer, first.Status, first.Approvals));
        Assert.Contains("2 approvals", (await gateway.ResultAsync(callId)).Text, StringComparison.Ordinal);
        Assert.Equal("already_recorded", (await gateway.DecideAsync(callId, "approved")).Answer);
        Assert.Empty(story.Ledger);
        var second = await gateway.DecideAsync(callId, "approved", Story.Bob);
        Assert.Equal(("recorded", "approved", new ApprovalCount(2, 2)), (second.Answer, second.Status, second.Approvals));
        await gateway.UntilAsync(callId, "succeeded");
    }

    public static TheoryData<Actor, string, string> Present => new()
    {
        { Story.Alice, "approved", "not_eligible" },
        { Story.Alice with { PresenceProven = true }, "approved", "recorded" },
        { Story.Alice, "rejected", "recorded" },
        { Story.Alice with { Id = "agent:boss", PresenceProven = true }, "approved", "not_eligible" },
        { Story.Alice with { Id = "agent:boss" }, "rejected", "recorded" },
    };

    [Theory, MemberData(nameof(Present))]
    public async Task HumanRequired_CountsOnlyApprovalsOfPersonsShownToBePresent(Actor actor, string decision, string answer)
    {
        await using var story = new Story("require_approval_for: [{ tools: [\"*\"], human_required: true, approvers: [alice, \"agent:boss\"] }]");
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        Assert.Equal(answer, (await gateway.DecideAsync(callId, decision, actor)).Answer);
    }

    public static TheoryData<Actor, string> SelfApprovers => new()
    {
        { Story.Agent with { Roles = Roles.All }, "self_approval" },
        { Story.Alice with { Credential = Story.Agent.Credential }, "self_approval" },
        { Story.Alice, "recorded" },
        { Story.Alice with { Roles = Roles.Caller }, "not_found" },
        { Story.Alice with { Roles = Roles.Auditor }, "not_eligible" },
        { Story.Alice with { Id = "agent:boss" }, "not_found" },
    };

    [Theory, MemberData(nameof(SelfApprovers))]
    public async Task Approval_ByWhoeverAskedOrMayNot_IsRefused(Actor actor, string answer)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        Assert.Equal(answer, (await gateway.DecideAsync(callId, "approved", actor)).Answer);
    }

    [Fact]
    public async Task Cancel_ByTheRequester_EndsThePendingAndTheApproved()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var (pending, approved) = (await gateway.ParkAsync("echo"), await gateway.ParkAsync("pid"));
        await gateway.ApproveAsync(approved);
        foreach (var callId in (string[])[pending, approved])
        {
            Assert.Equal("recorded", (await gateway.Decisions.CancelAsync(new(Story.Agent, callId, "mcp", "changed my mind"), default)).Answer);
            await gateway.Dispatcher.Start(callId);
            Assert.Equal("cancelled", (await gateway.ViewAsync(callId)).Status);
            Assert.Contains("cancelled by agent:coder: changed my mind", (await gateway.ResultAsync(callId)).Text, StringComparison.Ordinal);
        }

        Assert.Equal("cancelled", (await gateway.DecideAsync(pending, "approved")).Answer);
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public async Task Result_AfterRetention_IsGoneAndTheRecordIsNot()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "succeeded");
        Assert.NotNull(await gateway.Store.LoadResultAsync(callId, default));
        story.Time.Advance(TimeSpan.FromDays(31));
        await Processes.Eventually.TrueAsync(async () => await gateway.Store.LoadResultAsync(callId, default) is null, () => "the result is still kept");
        Assert.Contains("no longer kept", (await gateway.ResultAsync(callId)).Text, StringComparison.Ordinal);
        Assert.Equal("succeeded", (await gateway.ViewAsync(callId)).Status);
    }

    [Fact]
    public async Task Result_OfSomebodyElsesCall_DoesNotExist()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        var stranger = new Actor("agent:other", "stdio:agent:other", "stdio");
        Assert.Null(await gateway.Queries.ResultAsync(stranger, callId, "jamjet_result", default));
        Assert.Null(await gateway.Queries.FindAsync(stranger, callId, default));
        Assert.Empty((await gateway.Queries.ListAsync(stranger, new([]), default)).Calls);
        Assert.NotNull(await gateway.Queries.FindAsync(stranger with { Roles = Roles.Auditor }, callId, default));
    }
}
