using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Calls;

/// <summary>The kill switch: while something is frozen nothing of it is sent, and what was put off runs as soon as that is lifted.</summary>
public sealed class FreezeStories
{
    private static readonly Actor Olga = new("olga", "key:olga", "key") { Roles = Roles.Operator };

    [Theory]
    [InlineData("all", null, true)]
    [InlineData("server", "fake", true)]
    [InlineData("server", "FAKE", true)]
    [InlineData("actor", "agent:coder", true)]
    [InlineData("server", "other", false)]
    [InlineData("actor", "agent:other", false)]
    public async Task Allowed_WhileFrozen_IsRefusedAndRecorded(string kind, string? name, bool holds)
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync(serve: false);
        Assert.False((await gateway.CallAsync("odd")).IsError);
        await ChangeAsync(gateway, freeze: true, "recorded", kind, name);

        var told = await gateway.CallAsync("odd");

        Assert.Equal(holds ? 1 : 2, story.Ledger.Length);
        if (holds)
        {
            Assert.StartsWith("Not executed: calls like this one are frozen by olga since ", told.Text, StringComparison.Ordinal);
            Assert.Contains(": a drill. Nothing was sent.", told.Text, StringComparison.Ordinal);
            var denied = (await gateway.AllAsync())[^1];
            Assert.Equal(("denied", "freeze"), (denied.Status, denied.Rule));
        }

        await ChangeAsync(gateway, freeze: false, "recorded", kind, name);
        Assert.False((await gateway.CallAsync("odd")).IsError);
        Assert.Equal(holds ? 2 : 3, story.Ledger.Length);
    }

    [Fact]
    public async Task Gated_WhileFrozen_IsParkedDecidedAndPutOff_AndRunsWhenLifted()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        await ChangeAsync(gateway, freeze: true, "recorded", "server", "fake");
        var callId = await gateway.ParkAsync("odd");
        await gateway.ApproveAsync(callId);
        await Eventually.TrueAsync(async () => (await gateway.ViewAsync(callId)).Deferred is not null, () => "it was not put off");
        var view = await gateway.ViewAsync(callId);
        Assert.Equal("approved", view.Status);
        Assert.StartsWith("frozen by olga", view.Deferred!.Why, StringComparison.Ordinal);
        Assert.True(view.Deferred.RetryAt > story.Time.GetUtcNow().AddMinutes(1));
        Assert.Contains("It runs when that is lifted", (await gateway.ResultAsync(callId)).Text, StringComparison.Ordinal);
        Assert.Empty(story.Ledger);

        await ChangeAsync(gateway, freeze: false, "recorded", "server", "fake");

        await gateway.UntilAsync(callId, "succeeded");
        Assert.Single(story.Ledger);
    }

    [Fact]
    public async Task Freeze_IsTheOperators_SaysWhy_AndIsKeptInARecordThatOnlyGrows()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync(serve: false);
        await ChangeAsync(gateway, freeze: true, "not_eligible", "all", null, by: Story.Alice);
        await ChangeAsync(gateway, freeze: true, "bad_request", "all", null, comment: " ");
        await ChangeAsync(gateway, freeze: true, "bad_request", "everything", null);
        await ChangeAsync(gateway, freeze: true, "bad_request", "server", null);
        await ChangeAsync(gateway, freeze: true, "bad_request", "actor", "a\0b");
        await ChangeAsync(gateway, freeze: false, "not_found", "all", null);
        Assert.Null(await gateway.FreezeHandler.ListAsync(Story.Alice, default));

        await ChangeAsync(gateway, freeze: true, "recorded", "all", null);
        await ChangeAsync(gateway, freeze: true, "already_recorded", "all", null, comment: "again");
        await ChangeAsync(gateway, freeze: false, "not_eligible", "all", null, by: Story.Alice);
        await ChangeAsync(gateway, freeze: false, "recorded", "all", null, comment: "over");

        var list = (await gateway.FreezeHandler.ListAsync(Olga, default))!;
        Assert.Empty(list.Freezes);
        Assert.Equal(["unfreeze all by olga: over", "freeze all by olga: a drill"], list.History.Select(e => $"{e.Action} {e.Kind} by {e.By}: {e.Comment}"));
    }

    [Fact]
    public async Task Freeze_ThatCannotBeRead_StopsEverything()
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync(serve: false);
        await gateway.Store.WriteAsync("freeze:server:x", "{"u8.ToArray(), null, default);

        Assert.Contains("cannot be read", (await gateway.CallAsync("odd")).Text, StringComparison.Ordinal);
        Assert.Empty(story.Ledger);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"kind":"tool","name":"odd","by":"olga","at":"2026-01-01T00:00:00Z","comment":"of a newer program"}""")]
    public async Task Freeze_ThatCannotBeRead_IsLiftedWithAll(string entry)
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync(serve: false);
        await gateway.Store.WriteAsync("freeze:server:x", System.Text.Encoding.UTF8.GetBytes(entry), null, default);
        await ChangeAsync(gateway, freeze: true, "recorded", "server", "other");
        Assert.Contains("cannot be read", (await gateway.CallAsync("odd")).Text, StringComparison.Ordinal);

        await ChangeAsync(gateway, freeze: false, "recorded", "all", null);

        Assert.False((await gateway.CallAsync("odd")).IsError);
        Assert.Equal("server other", Assert.Single((await gateway.FreezeHandler.ListAsync(Olga, default))!.Freezes).Target);
    }

    [Theory]
    [InlineData("server", "fake", true)]
    [InlineData("actor", "agent:coder", true)]
    [InlineData("server", "other", false)]
    public async Task Frozen_AsksNoCompletionAndSubscribesToNothing(string kind, string name, bool holds)
    {
        await using var story = new Story(Story.Open);
        var gateway = await story.StartAsync(serve: false, upstreams: [story.Upstream("fake", "--offers", "fake")]);
        await ChangeAsync(gateway, freeze: true, "recorded", kind, name);
        var agent = Story.Agent with { Roles = Roles.Caller };

        var completed = await gateway.Completions.CompleteAsync(agent, JsonNode.Parse("""{"ref":{"type":"ref/prompt","name":"greet"},"argument":{"name":"who","value":"a"}}""")!.AsObject(), default);
        var refused = await gateway.Listeners.AddAsync(this, agent, "test://fake/one", default);

        Assert.Equal(holds, (completed as CallAnswer.Error)?.Message.Contains($"frozen by olga", StringComparison.Ordinal) == true);
        Assert.Equal(!holds, completed is CallAnswer.Result);
        Assert.Equal(holds, refused?.Message.Contains("frozen by olga", StringComparison.Ordinal) == true);
        Assert.Equal(!holds, refused is null);
    }

    /// <summary>Between the last check before its dispatch is recorded and its first byte, an upstream may still take its time to be prepared.</summary>
    [Fact]
    public async Task Freeze_AfterTheDispatchWasRecorded_IsSeenBeforeTheFirstByteWithoutAnyStall()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var streams = new CallStreams(gateway.Store, story.Time);
        await using var lease = new LeaseKeeper(gateway.Store, story.Time, NullLogger<LeaseKeeper>.Instance);
        var call = (await streams.LoadAsync(await gateway.ParkAsync("odd"), default))!;
        await ChangeAsync(gateway, freeze: true, "recorded", "server", "fake");
        Assert.StartsWith("frozen by olga", (await LookAsync())?.Why, StringComparison.Ordinal);
        await ChangeAsync(gateway, freeze: false, "recorded", "server", "fake");
        Assert.Null(await LookAsync());

        Task<Hindrance?> LookAsync() =>
            new LastLook(streams, new Freezes(gateway.Store, story.Time), lease, story.Time).FindAsync(call, Moment.Now(story.Time));
    }

    private static async Task ChangeAsync(Gateway gateway, bool freeze, string expected, string kind, string? name, string comment = "a drill", Actor? by = null)
    {
        var request = new FreezeRequest(by ?? Olga, kind, name, comment, "rest");
        var answer = freeze ? await gateway.FreezeHandler.FreezeAsync(request, default) : await gateway.FreezeHandler.UnfreezeAsync(request, default);
        Assert.Equal((expected, expected is "recorded" or "already_recorded"), (answer.Answer, answer.Accepted));
    }
}
