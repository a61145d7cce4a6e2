using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;

namespace McpGovern.Tests.Calls;

/// <summary>An approval is bound to what was approved: what changes between parking, deciding and dispatching ends the call.</summary>
public sealed class ChangeStories
{
    private const string Stricter = "require_approval_for: [{ tools: [\"*\"], approvers: [alice], quorum: 1, deadline: 24h }]";

    [Fact]
    [Trait("attack", "S39"), Trait("attack", "S27")]
    public async Task Policy_ChangedWhileACallIsParked_InvalidatesItWithASuccessorThatSaysWhy()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var announced = 0;
        gateway.Tools.Changed += () => Interlocked.Increment(ref announced);
        var callId = await gateway.ParkAsync("echo", """{"n":1}""");
        story.WritePolicy(Stricter);
        var old = await gateway.UntilAsync(callId, "invalidated");

        Assert.StartsWith("policy: ", old.Reason, StringComparison.Ordinal);
        var next = await gateway.UntilAsync(old.SupersededBy!, "pending");
        Assert.Equal((callId, true, old.ArgumentsHash), (next.Supersedes, next.SupersedesBecause!.Contains("rule", StringComparison.Ordinal), next.ArgumentsHash));
        Assert.Equal(["alice"], next.Approvers);
        Assert.NotEqual(old.CallHash, next.CallHash);
        Assert.Equal(1, announced);

        var answer = await gateway.DecideAsync(callId, "approved");
        Assert.Equal(("invalidated", next.CallId), (answer.Answer, answer.SupersededBy));
        // Whoever has the old id, or sends the call again, is led to the successor.
        Assert.Equal(next.CallId, (await gateway.ResultAsync(callId)).CallId);
        Assert.Equal(next.CallId, (await gateway.CallAsync("echo", """{"n":1}""")).CallId);
        await gateway.ApproveAsync(next.CallId);
        await gateway.UntilAsync(next.CallId, "succeeded");
        Assert.False((await gateway.ResultAsync(callId)).IsError);
        Assert.Single(story.Ledger);
    }

    [Theory]
    [InlineData(Story.Open, "no longer asks")]
    [InlineData("default: deny", "denies it now")]
    public async Task Policy_ThatNoLongerGatesTheCall_InvalidatesItWithoutSuccessor(string policy, string why)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");
        story.WritePolicy(policy);
        var old = await gateway.UntilAsync(callId, "invalidated");
        Assert.Contains(why, old.Reason, StringComparison.Ordinal);
        Assert.Null(old.SupersededBy);
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public async Task Policy_ChangedForOtherTools_DisturbsNothing()
    {
        await using var story = new Story("require_approval_for: [echo, pid]");
        var gateway = await story.StartAsync();
        var (kept, changed) = (await gateway.ParkAsync("echo"), await gateway.ParkAsync("pid"));
        story.WritePolicy("require_approval_for: [echo, { tools: [pid], quorum: 2 }]\ndeny: [env]");
        await gateway.UntilAsync(changed, "invalidated");
        await gateway.ApproveAsync(kept);
        await gateway.UntilAsync(kept, "succeeded");
    }

    [Fact]
    [Trait("attack", "S18")]
    public async Task Policy_ThatCannotBeRead_LeavesTheLastGoodOneInForce()
    {
        using var logs = new LogLines();
        await using var story = new Story(Story.Gated) { Logs = logs };
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");
        var before = gateway.Policy.Current;
        story.WritePolicy("denny: [echo]\ndefault: perhaps");
        await Eventually.TrueAsync(() => logs.Of(2004).Length == 1, () => "nobody complained");
        Assert.Equal(["policy.yaml:1", "policy.yaml:2"], logs.Of(2002).Select(line => line[.."policy.yaml:1".Length]).Order());
        Assert.Same(before, gateway.Policy.Current);
        Assert.Equal("pending", (await gateway.ViewAsync(callId)).Status);

        story.WritePolicy("default: deny");
        await gateway.UntilAsync(callId, "invalidated");
        Assert.Single(logs.Of(2001));
        Assert.Single(logs.Of(2004));
    }

    [Fact]
    [Trait("attack", "S16")]
    public async Task Tool_RedescribedWhileACallIsParked_InvalidatesItAtTheDecision()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo");
        var known = gateway.Upstreams.All[0].KnownTools;
        story.Redescribe("pays twice");
        await gateway.ApproveAsync(await gateway.ParkAsync("change_tools"));
        await Eventually.TrueAsync(() => !ReferenceEquals(known, gateway.Upstreams.All[0].KnownTools), () => "the tools were not read again");

        var answer = await gateway.DecideAsync(callId, "approved");
        Assert.Equal("invalidated", answer.Answer);
        var next = await gateway.ViewAsync(answer.SupersededBy!);
        Assert.Equal((callId, "pending", true), (next.Supersedes, next.Status, next.SupersedesBecause!.Contains("definition", StringComparison.Ordinal)));
        await gateway.ApproveAsync(next.CallId);
        await gateway.UntilAsync(next.CallId, "succeeded");
        Assert.Single(story.Ledger, line => line.StartsWith("echo", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("attack", "S16")]
    public async Task Tool_RedescribedAfterTheApproval_InvalidatesItAtTheDispatch()
    {
        await using var story = new Story(Story.Gated);
        var parking = await story.StartAsync(serve: false);
        var callId = await parking.ParkAsync("echo");
        await parking.ApproveAsync(callId);
        await story.StopAsync(parking);
        story.Redescribe("pays twice");
        var serving = await story.StartAsync();
        var old = await serving.UntilAsync(callId, "invalidated");
        Assert.StartsWith("tool: ", old.Reason, StringComparison.Ordinal);
        Assert.Equal("pending", (await serving.UntilAsync(old.SupersededBy!, "pending")).Status);
        Assert.Empty(story.Ledger);
    }

    [Fact]
    [Trait("attack", "S39")]
    public async Task Policy_ChangedAfterTheApproval_InvalidatesItAtTheDispatch()
    {
        await using var story = new Story(Story.Gated);
        var parking = await story.StartAsync(serve: false);
        var callId = await parking.ParkAsync("echo");
        await parking.ApproveAsync(callId);
        await story.StopAsync(parking);
        story.WritePolicy(Stricter);
        var serving = await story.StartAsync();
        Assert.NotNull((await serving.UntilAsync(callId, "invalidated")).SupersededBy);
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public async Task Policy_OfAnOlderProcess_InvalidatesNothing()
    {
        await using var story = new Story("default: deny");
        var elder = await story.StartAsync(serve: false);
        story.Time.Advance(TimeSpan.FromMinutes(1));
        story.WritePolicy(Story.Gated);
        var younger = await story.StartAsync();
        var callId = await younger.ParkAsync("echo");
        var second = await younger.ParkAsync("pid");
        await elder.ApproveAsync(callId);
        await elder.Dispatcher.Start(callId);
        await younger.UntilAsync(callId, "succeeded");
        Assert.Equal("pending", (await younger.ViewAsync(second)).Status);
    }

    [Fact]
    public async Task Policy_OfAProcessWithoutTheUpstream_InvalidatesNothing()
    {
        await using var story = new Story(Story.Gated);
        // One that serves would see the new policy by itself.
        var owner = await story.StartAsync(serve: false);
        var callId = await owner.ParkAsync("echo");
        // As the command line on a bare store: it can decide, and knows nothing of the policy.
        story.WritePolicy("default: deny");
        var stranger = await story.StartAsync(serve: false, upstreams: []);
        Assert.Equal("recorded", (await stranger.DecideAsync(callId, "approved")).Answer);
    }

    [Fact]
    public async Task Successor_ThatAProcessDiedBeforeParking_IsMadeUpFor()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var callId = await gateway.ParkAsync("echo");
        var successor = TestCalls.NewId();
        var history = await gateway.EventsAsync(callId);
        await gateway.Store.AppendAsync(TestCalls.Of(callId, history, [new ApprovalInvalidated("policy", "the rule changed", successor, story.Time.GetUtcNow())]), default);
        var told = await gateway.ResultAsync(callId);
        Assert.Equal((successor, "pending"), (told.CallId, told.Status));
        Assert.Equal(callId, (await gateway.ViewAsync(successor)).Supersedes);
    }
}
