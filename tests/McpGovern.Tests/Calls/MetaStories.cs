using McpGovern.Calls;
using McpGovern.Cli;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Storage;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Calls;

/// <summary>What a caller sends along beside the arguments goes upstream with them: whoever approves sees it, and approves just that.</summary>
public sealed class MetaStories
{
    private const string Hidden = """{"vendor/override":{"to":"\u202eyrollam"}, "traceparent":"00-a-b-01"}""", Shown = """{"vendor/override":{"to":"\u202eyrollam"}}""";

    private static string Meta => Hidden.Replace("\\u202e", "\u202e", StringComparison.Ordinal);

    [Fact]
    [Trait("attack", "S27")]
    public async Task Meta_ThatGoesUpstream_IsShownOnEveryDoor()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var id = (await CallAsync(gateway, "{}", Meta)).CallId;
        var view = await gateway.ViewAsync(id);

        Assert.Equal("\u202eyrollam", MetaOf(view).GetProperty("vendor/override").GetProperty("to").GetString());
        Assert.False(MetaOf(view).TryGetProperty("traceparent", out _));
        Assert.Contains($"sent along in _meta (data from the agent, unverified): {Shown}", Printed.Call(view), StringComparison.Ordinal);
        Assert.Contains(Shown, Printed.List(new([view], null), []), StringComparison.Ordinal);
        var card = new Told(await new ApprovalsTool(gateway.Queries, () => false).CallAsync(Story.Alice, JsonArguments.Read("{}"), default));
        Assert.Contains($"\"meta\":{Shown}", card.Json.GetProperty("content")[1].GetProperty("text").GetString()!, StringComparison.Ordinal);
        Assert.Contains(Shown, Elicitation.FormParams((await LoadedAsync(gateway, id))!, withMode: true)["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain("yrollam", Printed.Call(await gateway.ViewAsync(await gateway.ParkAsync("pid"))), StringComparison.Ordinal);
        Assert.DoesNotContain("\"meta\"", CallJson.Write(await gateway.ViewAsync(await gateway.ParkAsync("pid"))), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("attack", "S27")]
    public async Task Meta_OfACallSentAgain_ReplacesNothingOfWhatWasApproved()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync();
        var id = (await CallAsync(gateway, """{"n":1}""", """{"vendor/to":"ann"}""")).CallId;
        var hash = (await gateway.ViewAsync(id)).CallHash;

        Assert.Equal(id, (await CallAsync(gateway, """{"n":1}""", """{"vendor/to":"mallory"}""")).CallId);
        await gateway.ApproveAsync(id);
        var ran = await gateway.UntilAsync(id, "succeeded");

        Assert.Equal(hash, ran.CallHash);
        var sent = (await gateway.ResultAsync(id)).Text;
        Assert.Contains("\"vendor/to\":\"ann\"", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("mallory", (await CallAsync(gateway, """{"n":1}""", """{"vendor/to":"mallory"}""")).Raw, StringComparison.Ordinal);
        Assert.Single(story.Ledger);
    }

    /// <summary>As a version stored it that took only the arguments for what is approved.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("attack", "S27")]
    public async Task Meta_OfACallThatWasParkedWithoutShowingIt_IsNotSent_AndAskedForAnew(bool approved)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var parked = await gateway.EventsAsync((await CallAsync(gateway, "{}", Meta)).CallId);
        var (asked, gate, old) = ((CallSubmitted)parked[0], (ToolApprovalRequired)parked[1], TestCalls.NewId());
        gate = gate with { CallHash = CallHash.Of(asked with { Meta = null }, gate.RuleDigest) };
        var yes = new ApprovalReceived("alice", "approved", null, "rest", "unproven", gate.CallHash, "key", "key:alice", false, gate.At);
        CallEvent[] before = [asked with { ExecutionId = CallId.ExecutionOf(old), AttachKey = old }, gate, .. approved ? [yes] : Array.Empty<CallEvent>()];
        Assert.IsType<AppendResult.Appended>(await gateway.Store.AppendAsync(TestCalls.Of(old, [], before), default));

        if (approved)
        {
            await gateway.Dispatcher.Start(old);
        }
        else
        {
            Assert.Equal("invalidated", (await gateway.DecideAsync(old, "approved")).Answer);
        }

        var view = await gateway.ViewAsync(old);
        Assert.Equal("invalidated", view.Status);
        var next = await gateway.ViewAsync(view.SupersededBy!);
        Assert.Equal(("pending", Shown), (next.Status, Wire.VisibleJson.Of(next.Meta!)));
        Assert.NotEqual(gate.CallHash, next.CallHash);
        Assert.Empty(story.Ledger);
        await gateway.ApproveAsync(view.SupersededBy!);
        await gateway.Dispatcher.Start(view.SupersededBy!);
        Assert.Single(story.Ledger);
    }

    /// <summary>All that a caller hands in and that is kept with a call counts, whatever it is called.</summary>
    [Fact]
    [Trait("attack", "S7")]
    public async Task Call_WithMoreThanTheCapBesideItsArguments_IsRefused()
    {
        await using var story = new Story(Story.Gated) { Limits = new(1000, 8 << 20, 1000) };
        var gateway = await story.StartAsync();
        var much = new string('x', 1000);
        var call = new ToolCallRequest(Story.Agent, "echo", "{}");
        foreach (var more in (ToolCallRequest[])
        [
            call with { MetaJson = $$"""{"vendor/x":"{{much}}"}""" },
            call with { Client = new(much, "1") },
            call with { Client = new("c", much) },
            call with { Traceparent = much },
            call with { Continues = new(null, $$"""{"a":"{{much}}"}""", null) },
            call with { Continues = new(null, null, $"\"{much}\"") },
            call with { ClientCapabilities = $$"""{"a":"{{much}}"}""", AnswerParkedAtOnce = true },
        ])
        {
            Assert.Contains("caps.gated_arguments", new Told(await gateway.Calls.HandleAsync(more, default)).Text, StringComparison.Ordinal);
        }

        Assert.Empty(await gateway.AllAsync());
    }

    private static async Task<Told> CallAsync(Gateway gateway, string arguments, string meta) =>
        new(await gateway.Calls.HandleAsync(new(Story.Agent, "echo", arguments) { MetaJson = meta }, default));

    private static async Task<LoadedCall?> LoadedAsync(Gateway gateway, string id) => await gateway.Queries.LoadAsync(Story.Alice, id, default);

    private static System.Text.Json.JsonElement MetaOf(CallView view) => System.Text.Json.JsonElement.Parse(CallJson.Write(view)).GetProperty("meta");
}
