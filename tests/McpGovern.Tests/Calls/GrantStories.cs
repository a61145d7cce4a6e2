using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Tests.Calls;

/// <summary>Standing grants: what an approver allowed beforehand runs without a card, and nothing else does.</summary>
public sealed class GrantStories
{
    private const string ForAll = """
        default: deny
        require_approval_for:
          - "fake.*"
        """;

    [Fact]
    public async Task Call_WithinAGrant_RunsAtOnce_AndItsRecordNamesTheGrant()
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(hold: Story.Long);
        var grant = await GiveAsync(gateway, times: 2);

        Assert.False((await gateway.CallAsync("echo", """{"n":1}""")).IsError);
        Assert.False((await gateway.CallAsync("echo", """{"n":2}""")).IsError);

        var call = (await gateway.AllAsync())[0];
        Assert.Equal("CallSubmitted ToolApprovalRequired ApprovalReceived DispatchStarted CallSucceeded ResultDelivered", await gateway.HistoryAsync(call.CallId));
        var approved = (ApprovalReceived)(await gateway.EventsAsync(call.CallId))[2];
        // As it is in the database, where others read it.
        using var stored = System.Text.Json.JsonDocument.Parse(McpGovern.Storage.EventTypes.Write(approved));
        Assert.Equal(("grant", grant.Id), (stored.RootElement.GetProperty("via").GetString(), stored.RootElement.GetProperty("grant").GetString()));
        Assert.Equal(approved, McpGovern.Storage.EventTypes.Read(McpGovern.Storage.EventTypes.AliasOf(typeof(ApprovalReceived)), McpGovern.Storage.EventTypes.Write(approved)));
        Assert.Equal(("alice", "approved", "grant", "unproven", "the nightly run", grant.Id), (approved.Decider, approved.Decision, approved.Via, approved.Presence, approved.Comment, approved.Grant));
        Assert.Equal(("key:alice", "key", null, false), (approved.Credential, approved.AuthMethod, approved.SeenHash, approved.SelfApproved));
        Assert.Equal(grant.Id, Assert.Single(call.Decisions).Grant);
        Assert.Equal(2, story.Ledger.Length);
        var listed = await OnlyAsync(gateway);
        Assert.Equal("used_up", listed.State);
        Assert.Equal((await gateway.AllAsync()).Select(c => c.CallId), listed.Uses);
    }

    [Fact]
    public async Task Call_SentAgain_UsesNoFurtherGrant()
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(hold: Story.Long);
        await GiveAsync(gateway, times: 2);
        await gateway.CallAsync("echo");
        Assert.True((await gateway.CallAsync("echo")).Meta.GetProperty("redelivered").GetBoolean());
        Assert.Single((await OnlyAsync(gateway)).Uses);
    }

    [Theory]
    [InlineData("""{"amount":100,"to":"x"}""", "approved")]
    [InlineData("""{"to":"x", "amount":1e2}""", "approved")]
    [InlineData("""{"amount":100.01,"to":"x"}""", "pending")]
    [InlineData("""{"to":"x"}""", "pending")]
    [InlineData("""{"amount":null,"to":"x"}""", "pending")]
    [InlineData("""{"amount":"1","to":"x"}""", "pending")]
    [InlineData("""{"Amount":1,"to":"x"}""", "pending")]
    [InlineData("""{"amount":1,"to":"y"}""", "pending")]
    [InlineData("""{}""", "pending")]
    public async Task Call_WithArguments_IsApprovedOnlyWithinTheBounds(string arguments, string status)
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(serve: false);
        await GiveAsync(gateway, when: """{"amount":{"lte":100},"to":{"in":["x"]}}""");
        Assert.Equal(status, (await gateway.CallAsync("echo", arguments)).Status);
        Assert.Equal(status == "approved" ? 1 : 0, (await OnlyAsync(gateway)).Uses.Count);
    }

    [Fact]
    public async Task Call_OfAnotherToolOrRequesterOrScope_IsParkedAsEver()
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(serve: false);
        await GiveAsync(gateway);
        Assert.Equal("pending", (await gateway.CallAsync("odd")).Status);
        Assert.Equal("pending", (await gateway.CallAsync("echo", by: Story.Bob)).Status);
        Assert.Equal("pending", (await gateway.CallAsync("echo", by: Story.Agent with { Id = "agent:cod" })).Status);
        Assert.Equal("pending", (await (await story.StartAsync(scope: "other", serve: false)).CallAsync("echo")).Status);
        Assert.Equal("approved", (await gateway.CallAsync("echo")).Status);
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("revoked")]
    [InlineData("used_up")]
    public async Task Call_AfterTheGrantEnded_IsParked(string end)
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(serve: false);
        var grant = await GiveAsync(gateway, times: 1, until: "1h");
        switch (end)
        {
            case "expired":
                story.Time.Advance(TimeSpan.FromHours(1));
                break;
            case "revoked":
                Assert.Equal("recorded", (await gateway.GrantHandler.RevokeAsync(Story.Bob, grant.Id, "over", "rest", default)).Answer);
                Assert.Equal("already_recorded", (await gateway.GrantHandler.RevokeAsync(Story.Alice, grant.Id, null, "rest", default)).Answer);
                break;
            default:
                Assert.Equal("approved", (await gateway.CallAsync("echo", """{"n":0}""")).Status);
                break;
        }

        Assert.Equal("pending", (await gateway.CallAsync("echo", """{"n":1}""")).Status);
        var listed = await OnlyAsync(gateway);
        Assert.Equal(end, listed.State);
        Assert.Equal(end == "revoked" ? "bob: over" : null, listed.Revoked is { } r ? $"{r.By}: {r.Comment}" : null);
    }

    [Fact]
    public async Task Revoke_BetweenApprovalAndDispatch_StopsTheCall_AndAsksPeople()
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(serve: false);
        var (grant, kept) = (await GiveAsync(gateway), await gateway.CallAsync("odd"));
        var callId = (await gateway.CallAsync("echo")).CallId;
        Assert.Equal("approved", (await gateway.ViewAsync(callId)).Status);

        await gateway.GrantHandler.RevokeAsync(Story.Alice, grant.Id, null, "rest", default);
        await gateway.Dispatcher.Start(callId);

        var view = await gateway.ViewAsync(callId);
        Assert.Equal("invalidated", view.Status);
        Assert.Contains($"the grant {grant.Id} that approved it is revoked by alice", view.Reason, StringComparison.Ordinal);
        Assert.Equal("pending", (await gateway.ViewAsync(view.SupersededBy!)).Status);
        Assert.Empty(story.Ledger);
        await gateway.ApproveAsync(view.SupersededBy!);
        await gateway.Dispatcher.Start(view.SupersededBy!);
        Assert.Single(story.Ledger);
        Assert.Equal("pending", kept.Status);
    }

    [Theory]
    [InlineData("no_grants: true")]
    [InlineData("human_required: true")]
    [InlineData("quorum: 2")]
    public async Task Grant_WhereTheRuleWantsEachCallLookedAt_IsRefused_AlsoForSomeArguments(string term)
    {
        await using var story = new Story($$"""{ default: deny, require_approval_for: [{ tools: "fake.*", {{term}} }] }""");
        var gateway = await story.StartAsync(serve: false);
        var refused = await AskAsync(gateway);
        Assert.Equal("not_eligible", refused.Answer);
        Assert.Contains("no_grants, human_required or a quorum", refused.Message, StringComparison.Ordinal);

        story.WritePolicy($$"""{ default: deny, require_approval_for: ["fake.*", { tools: "fake.echo", when: { n: { gt: 5 } }, {{term}} }] }""");
        var conditional = await story.StartAsync(serve: false);
        await GiveAsync(conditional);
        Assert.Equal("approved", (await conditional.CallAsync("echo", """{"n":5}""")).Status);
        Assert.Equal("pending", (await conditional.CallAsync("echo", """{"n":6}""")).Status);
    }

    public static TheoryData<string, string, string> Givers => new()
    {
        { "alice", "", "recorded" },
        { "agent:boss", "", "not_eligible" },
        { "agent:boss", "agent:boss", "not_eligible" },
        { "agent:coder", "agent:coder", "not_eligible" },
        { "alice", "bob", "not_eligible" },
        { "alice", "group:finance", "not_eligible" },
        { "bob", "bob", "recorded" },
        { "nobody", "", "not_eligible" },
    };

    [Theory, MemberData(nameof(Givers))]
    public async Task Grant_IsGivenByPersonsAlone_WhoCouldDecideSuchACall(string giver, string approvers, string expected)
    {
        await using var story = new Story($$"""{ default: deny, require_approval_for: [{ tools: "fake.*"{{(approvers.Length > 0 ? $", approvers: [\"{approvers}\"]" : "")}} }] }""");
        var gateway = await story.StartAsync(serve: false);
        var by = new Actor(giver, $"key:{giver}", "key") { Roles = giver == "nobody" ? Roles.Caller | Roles.Operator : Roles.All };
        Assert.Equal(expected, (await AskAsync(gateway, by: by)).Answer);
        Assert.Equal(expected == "recorded" ? "approved" : "pending", (await gateway.CallAsync("echo")).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData(", self_approval: true")]
    public async Task Grant_ToOneselfOrTheOwnCredential_ApprovesNothing(string term)
    {
        await using var story = new Story($$"""{ default: deny, require_approval_for: [{ tools: "fake.*"{{term}} }] }""");
        var gateway = await story.StartAsync(serve: false);
        Assert.Equal("self_approval", (await AskAsync(gateway, requester: "alice")).Answer);

        await GiveAsync(gateway, by: Story.Alice with { Credential = Story.Agent.Credential });
        Assert.Equal("pending", (await gateway.CallAsync("echo")).Status);
        Assert.Empty((await OnlyAsync(gateway)).Uses);
    }

    [Theory]
    [InlineData("""["fake.*", "other.*"]""", "approved")]
    [InlineData("""[{ tools: "fake.*", valid_for: 5m }]""", "pending")]
    [InlineData("""["fake.*", { tools: "fake.echo", when: { n: { gt: 5 } } }]""", "pending")]
    [InlineData("""["fake.*"], deny: ["fake.echo"]""", "denied")]
    [InlineData("""["other.*"], allow: ["fake.*"]""", "succeeded")]
    public async Task Call_UnderAChangedPolicy_KeepsTheGrantOnlyWhereNothingSaidOfTheToolChanged(string rules, string status)
    {
        await using var story = new Story("""{ default: deny, require_approval_for: ["fake.*"] }""");
        await GiveAsync(await story.StartAsync(serve: false));

        story.WritePolicy($$"""{ default: deny, require_approval_for: {{rules}} }""");
        var changed = await story.StartAsync(serve: false);
        await changed.CallAsync("echo");

        Assert.Equal(status, Assert.Single(await changed.AllAsync()).Status);
        Assert.Equal(status == "approved" ? 1 : 0, (await OnlyAsync(changed)).Uses.Count);
    }

    [Fact]
    public async Task Call_OfAToolThatChangedSinceTheFirstUse_IsParked()
    {
        await using var story = new Story(ForAll);
        await GiveAsync(await story.StartAsync(serve: false));
        Assert.Equal("approved", (await (await story.StartAsync(serve: false)).CallAsync("echo", """{"n":1}""")).Status);
        Assert.Equal("approved", (await (await story.StartAsync(serve: false)).CallAsync("echo", """{"n":2}""")).Status);

        story.Redescribe("another tool altogether");
        Assert.Equal("pending", (await (await story.StartAsync(serve: false)).CallAsync("echo", """{"n":3}""")).Status);
    }

    [Fact]
    public async Task Grant_ThatCannotBeRead_ApprovesNothing()
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(serve: false);
        await gateway.Store.WriteAsync("grant:agent:coder:grant_1", "{"u8.ToArray(), null, default);
        Assert.Equal("pending", (await gateway.CallAsync("echo")).Status);
    }

    [Theory]
    [InlineData("echo", "agent:coder", 1, "1h", null, "c")]
    [InlineData("fake.*", "agent:coder", 1, "1h", null, "c")]
    [InlineData("fake.echo", null, 1, "1h", null, "c")]
    [InlineData("fake.echo", "agent:coder", 0, "1h", null, "c")]
    [InlineData("fake.echo", "agent:coder", 101, "1h", null, "c")]
    [InlineData("fake.echo", "agent:coder", null, "1h", null, "c")]
    [InlineData("fake.echo", "agent:coder", 1, null, null, "c")]
    [InlineData("fake.echo", "agent:coder", 1, "soon", null, "c")]
    [InlineData("fake.echo", "agent:coder", 1, "0s", null, "c")]
    [InlineData("fake.echo", "agent:coder", 1, "31d", null, "c")]
    [InlineData("fake.echo", "agent:coder", 1, "2020-01-01T00:00:00Z", null, "c")]
    [InlineData("fake.echo", "agent:coder", 1, "2030-01-01T00:00:00", null, "c")]
    [InlineData("fake.echo", "agent:coder", 1, "1h", "{}", "c")]
    [InlineData("fake.echo", "agent:coder", 1, "1h", "{amount: {lte: 5}}", "c")]
    [InlineData("fake.echo", "agent:coder", 1, "1h", """{"amount":5}""", "c")]
    [InlineData("fake.echo", "agent:coder", 1, "1h", """{"amount":{"below":5}}""", "c")]
    [InlineData("fake.echo", "agent:coder", 1, "1h", null, " ")]
    [InlineData("other.echo", "agent:coder", 1, "1h", null, "c")]
    public async Task Grant_ThatIsMalformed_IsABadRequest(string tool, string? requester, int? times, string? until, string? when, string comment)
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(serve: false);
        Assert.Equal("bad_request", (await gateway.GrantHandler.CreateAsync(new(Story.Alice, "rest", tool, requester, times, until, when, comment), default)).Answer);
        Assert.Empty((await gateway.GrantHandler.ListAsync(Story.Alice, default)).Grants);
    }

    [Fact]
    public async Task Grants_AreSeenAndRevokedByThoseWhoDecide()
    {
        await using var story = new Story(ForAll);
        var gateway = await story.StartAsync(serve: false);
        var id = (await GiveAsync(gateway)).Id;
        var stranger = new Actor("carol", "key:carol", "key");
        Assert.Empty((await gateway.GrantHandler.ListAsync(stranger, default)).Grants);
        Assert.Single((await gateway.GrantHandler.ListAsync(Story.Agent, default)).Grants);
        Assert.Equal("not_found", (await gateway.GrantHandler.RevokeAsync(stranger, id, null, "rest", default)).Answer);
        Assert.Equal("not_eligible", (await gateway.GrantHandler.RevokeAsync(Story.Agent, id, null, "rest", default)).Answer);
        Assert.Equal("approved", (await gateway.CallAsync("echo")).Status);
    }

    [Fact]
    public async Task Calls_AtOnceThroughTwoGateways_UseAGrantAsOftenAsItSays()
    {
        await using var story = new Story(ForAll);
        var gateways = new[] { await story.StartAsync(serve: false), await story.StartAsync(serve: false) };
        await GiveAsync(gateways[0], times: 3);
        var told = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => gateways[n % 2].CallAsync("echo", $$"""{"n":{{n}}}""")));
        Assert.Equal(3, told.Count(t => t.Status == "approved"));
        Assert.Equal(17, told.Count(t => t.Status == "pending"));
        Assert.Equal(told.Where(t => t.Status == "approved").Select(t => t.CallId).Order(), (await OnlyAsync(gateways[0])).Uses.Order());
    }

    private static async Task<GrantView> GiveAsync(Gateway gateway, int times = 10, string until = "24h", string? when = null, Actor? by = null)
    {
        var answer = await AskAsync(gateway, times, until, when, by);
        Assert.True(answer.Accepted, $"{answer.Answer}: {answer.Message}");
        return answer.Grant!;
    }

    private static Task<GrantAnswer> AskAsync(Gateway gateway, int times = 10, string until = "24h", string? when = null, Actor? by = null, string requester = "agent:coder") =>
        gateway.GrantHandler.CreateAsync(new(by ?? Story.Alice, "rest", "fake.echo", requester, times, until, when, "the nightly run"), default);

    private static async Task<GrantView> OnlyAsync(Gateway gateway) => Assert.Single((await gateway.GrantHandler.ListAsync(Story.Bob, default)).Grants);
}
