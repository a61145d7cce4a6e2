using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Tests.Calls;

/// <summary>What the policy names as one effect comes about once, whoever asks for it, by whatever tool, with whatever else in the arguments.</summary>
public sealed class EffectStories
{
    private const string Effect = "\ntools: { \"*\": { effect: \"pay:{id}\" } }";
    private static readonly Actor Other = new("agent:other", "key:other", "key");

    [Fact]
    public async Task Allowed_OnceItSucceeded_IsRefusedWithWhenAndByWhichCall()
    {
        await using var story = new Story(Story.Open + Effect);
        var gateway = await story.StartAsync();
        Assert.False((await gateway.CallAsync("odd", """{"id":1}""")).IsError);
        var first = Assert.Single(await gateway.AllAsync());

        // Another tool, another actor, another spelling of the number, and whatever else there is.
        foreach (var (tool, arguments, by) in new[] { ("odd", """{"id":1}""", Story.Agent), ("echo", """{"id":1.0,"x":2}""", Other), ("pid", """{"id":"1"}""", Story.Alice) })
        {
            var told = await gateway.CallAsync(tool, arguments, by: by);
            Assert.True(told.IsError);
            Assert.StartsWith($"Not executed: the effect pay:\"1\" came about already: {first.CallId} did it at {AgentText.Time(first.EndedAt!.Value)}.", told.Text, StringComparison.Ordinal);
        }

        Assert.False((await gateway.CallAsync("echo", """{"id":2}""")).IsError);
        Assert.Equal(["odd {\"id\":1}", "echo {\"id\":2}"], story.Ledger);
        var denied = (await gateway.AllAsync()).Where(call => call.Status == "denied").ToArray();
        Assert.Equal(3, denied.Length);
        Assert.All(denied, call => Assert.Equal(("effect", $"{first.CallId} has the effect pay:\"1\"", "pay:\"1\""), (call.Rule, call.Reason, call.Effect)));
    }

    [Fact]
    public async Task Allowed_AfterAFailure_MayBeAskedAgain()
    {
        await using var story = new Story(Story.Open + Effect);
        var gateway = await story.StartAsync();
        await gateway.CallAsync("is_error", """{"id":1}""");
        await gateway.CallAsync("refuse", """{"id":1}""");
        Assert.False((await gateway.CallAsync("odd", """{"id":1}""")).IsError);
        Assert.Equal(3, story.Ledger.Length);
    }

    [Fact]
    public async Task Parked_IsAnsweredWithItsState_ToThoseWhoMaySeeIt()
    {
        await using var story = new Story("default: allow\nrequire_approval_for: [echo]" + Effect);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo", """{"id":1,"n":1}""");

        var own = await gateway.CallAsync("echo", """{"id":1,"n":2}""");
        Assert.Equal((callId, "pending"), (own.CallId, own.Status));
        Assert.Contains($"{callId} by agent:coder has the same effect pay:\"1\" and is pending", own.Text, StringComparison.Ordinal);
        var others = await gateway.CallAsync("odd", """{"id":1}""", by: Other);
        Assert.StartsWith("Not executed: a call with the effect pay:\"1\" is under way already", others.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("call_", others.Raw, StringComparison.Ordinal);

        // The same call again is no other call.
        Assert.Equal(callId, await gateway.ParkAsync("echo", """{"id":1,"n":1}"""));
        Assert.Empty(story.Ledger);
        await gateway.ApproveAsync(callId);
        await gateway.UntilAsync(callId, "succeeded");
        Assert.Contains($"{callId} did it at", (await gateway.CallAsync("odd", """{"id":1}""", by: Other)).Text, StringComparison.Ordinal);
        Assert.Single(story.Ledger);
    }

    [Theory]
    [InlineData("rejected")]
    [InlineData("cancelled")]
    [InlineData("expired")]
    [InlineData("invalidated")]
    public async Task Parked_ThatWasNeverSent_LetsItsEffectGo(string end)
    {
        await using var story = new Story("default: allow\nrequire_approval_for: [{ tools: echo, deadline: 1h }]" + Effect);
        var gateway = await story.StartAsync(serve: end == "invalidated");
        var callId = await gateway.ParkAsync("echo", """{"id":1}""");
        Assert.True((await gateway.CallAsync("odd", """{"id":1}""")).IsError);
        switch (end)
        {
            case "rejected": await gateway.DecideAsync(callId, "rejected"); break;
            case "cancelled": await gateway.Decisions.CancelAsync(new(Story.Agent, callId, "rest", null), default); break;
            // Nobody sweeps: whoever comes next finds that its time is up.
            case "expired": story.Time.Advance(TimeSpan.FromHours(2)); break;
            default: story.WritePolicy(Story.Open + Effect); await gateway.UntilAsync(callId, end); break;
        }

        Assert.False((await gateway.CallAsync("odd", """{"id":1}""")).IsError);
        Assert.Equal(end, (await gateway.ViewAsync(callId)).Status);
    }

    [Theory]
    [InlineData("failed", true)]
    [InlineData("succeeded", false)]
    public async Task Unknown_HoldsItsEffect_UntilAPersonSaysThatItFailed(string outcome, bool isFree)
    {
        await using var story = new Story(Story.Open + Effect);
        var gateway = await story.StartAsync();
        await gateway.CallAsync("crash", """{"id":1}""");
        var callId = Assert.Single(await gateway.AllAsync()).CallId;
        Assert.Contains("outcome_unknown", (await gateway.CallAsync("odd", """{"id":1}""")).Text, StringComparison.Ordinal);

        var olga = new Actor("olga", "key:olga", "key") { Roles = Roles.Operator };
        Assert.Equal("recorded", (await gateway.Decisions.ResolveAsync(new(olga, callId, "rest", outcome, "looked"), default)).Answer);

        Assert.Equal(isFree, !(await gateway.CallAsync("odd", """{"id":1}""")).IsError);
        Assert.Equal(isFree ? 2 : 1, story.Ledger.Length);
    }

    [Theory]
    [InlineData("{}", "missing")]
    [InlineData("""{"id":{"a":1}}""", "neither text")]
    [InlineData("""{"id":null}""", "neither text")]
    public async Task Arguments_ThatDoNotNameTheEffect_AreRefused(string arguments, string why)
    {
        await using var story = new Story("default: allow\nrequire_approval_for: [echo]" + Effect);
        var gateway = await story.StartAsync();
        foreach (var tool in (string[])["odd", "echo"])
        {
            var told = await gateway.CallAsync(tool, arguments);
            Assert.Contains("'id' is missing or is neither text, a number nor a truth value", told.Text, StringComparison.Ordinal);
            Assert.Contains(why, told.Text, StringComparison.Ordinal);
        }

        Assert.All(await gateway.AllAsync(), call => Assert.Equal("denied", call.Status));
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public async Task Invalidated_HandsItsEffectToItsSuccessor()
    {
        await using var story = new Story("default: allow\nrequire_approval_for: [echo]" + Effect);
        var gateway = await story.StartAsync();
        var callId = await gateway.ParkAsync("echo", """{"id":1}""");
        story.WritePolicy("default: allow\nrequire_approval_for: [{ tools: echo, quorum: 2 }]" + Effect);
        var next = (await gateway.UntilAsync(callId, "invalidated")).SupersededBy!;

        var told = await gateway.CallAsync("odd", """{"id":1}""");

        Assert.Equal((next, "pending"), (told.CallId, told.Status));
        Assert.Empty(story.Ledger);
    }

    [Fact]
    public async Task Invalidated_WhoseNewEffectIsTaken_HasNoSuccessor()
    {
        await using var story = new Story("default: allow\nrequire_approval_for: [echo]" + Effect);
        var gateway = await story.StartAsync();
        Assert.False((await gateway.CallAsync("odd", """{"id":2}""")).IsError);
        var callId = await gateway.ParkAsync("echo", """{"id":1,"other":2}""");
        story.WritePolicy("default: allow\nrequire_approval_for: [echo]\ntools: { \"*\": { effect: \"pay:{other}\" } }");

        var old = await gateway.UntilAsync(callId, "invalidated");

        Assert.Null(old.SupersededBy);
        Assert.Contains("has its effect", old.Reason, StringComparison.Ordinal);
    }
}
