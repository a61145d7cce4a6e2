using McpGovern.Server;

namespace McpGovern.Tests.Calls;

/// <summary>An agent that does not take no for an answer makes one card per cool-down, however often it asks.</summary>
public sealed class CoolDownStories
{
    private static readonly string[] Spellings =
        ["""{"to":"x","amount":5}""", """{"amount":5,"to":"x"}""", """{ "amount" : 5 , "to" : "x" }""", "{\n\t\"to\": \"\\u0078\",\r\n\"amount\":5}"];

    [Fact]
    [Trait("attack", "S28")]
    public async Task Call_AskedFiveHundredTimesAfterARejection_MakesOneCardPerCoolDown()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        for (var coolDown = 1; coolDown <= 2; coolDown++)
        {
            var card = await gateway.ParkAsync("echo", Spellings[0]);
            await gateway.DecideAsync(card, "rejected", comment: "no");

            Assert.All(await AskAgainAsync(gateway, 500), told => Assert.Equal((card, "rejected"), (told.CallId, told.Status)));
            Assert.Equal(coolDown, (await gateway.AllAsync()).Count);
            story.Time.Advance(TimeSpan.FromMinutes(11));
        }
    }

    [Fact]
    [Trait("attack", "S28")]
    public async Task Call_AskedAgainUnderEverNewKeys_GetsTheRejectionAndNoCard()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var card = await gateway.ParkAsync("echo", Spellings[0], key: "1");
        await gateway.DecideAsync(card, "rejected", comment: "no");

        foreach (var key in (string?[])["2", "3", null, "1"])
        {
            var told = await gateway.CallAsync("echo", Spellings[2], key);
            Assert.Equal((card, "rejected", "approval rejected by alice: no"), (told.CallId, told.Status, told.Text));
        }

        Assert.Single(await gateway.AllAsync());
        // Others ask for themselves, and an upstream's questions that are answered are another intent.
        Assert.Equal("pending", (await gateway.CallAsync("echo", Spellings[0], "2", by: Story.Bob)).Status);
        var answered = new McpGovern.Calls.ToolCallRequest(Story.Agent, "echo", Spellings[0]) { IdempotencyKey = "4", Continues = new(null, """{"a":1}""", null) };
        Assert.Equal("pending", new Told(await gateway.Calls.HandleAsync(answered, default)).Status);
        story.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.NotEqual(card, await gateway.ParkAsync("echo", Spellings[0], key: "5"));
    }

    [Fact]
    public async Task Call_WithAnotherArgument_IsAnotherCallAndAnotherCard()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var card = await gateway.ParkAsync("echo", Spellings[0]);
        await gateway.DecideAsync(card, "rejected");
        Assert.NotEqual(card, await gateway.ParkAsync("echo", """{"to":"x","amount":6}"""));
    }

    [Fact]
    [Trait("attack", "S28")]
    public async Task Call_LikeOneThatWasJustRejected_SaysSoToWhoeverDecides()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var first = await gateway.ParkAsync("echo", Spellings[0]);
        await gateway.DecideAsync(first, "rejected", comment: "no");

        var altered = await gateway.ParkAsync("echo", """{"to":"x","amount":6}""");
        var ofAnother = (await gateway.CallAsync("echo", Spellings[2], by: Story.Bob)).CallId;
        var ofAnotherAltered = (await gateway.CallAsync("echo", """{"to":"x","amount":7}""", by: Story.Bob)).CallId;
        var otherTool = await gateway.ParkAsync("pid", Spellings[0]);
        await gateway.DecideAsync(altered, "rejected");
        var third = await gateway.ParkAsync("echo", """{"to":"x","amount":8}""");
        story.Time.Advance(TimeSpan.FromMinutes(11));
        var later = await gateway.ParkAsync("echo", """{"to":"x","amount":9}""");

        Assert.Equal(
            (string?[])[null, first, first, null, null, altered, null],
            (IEnumerable<string?>)await Task.WhenAll(((string[])[first, altered, ofAnother, ofAnotherAltered, otherTool, third, later]).Select(async id => (await gateway.ViewAsync(id)).RejectedRecently)));
        // It is told beside the call, and no part of what is approved.
        var view = await gateway.ViewAsync(third);
        Assert.Contains($"\"rejected_recently\":\"{altered}\"", McpGovern.Server.CallJson.Write(view), StringComparison.Ordinal);
        Assert.Contains(altered, McpGovern.Cli.Printed.Call(view), StringComparison.Ordinal);
        Assert.Contains($"rejected shortly before: {altered}", McpGovern.Cli.Printed.List(new([view], null), []), StringComparison.Ordinal);
        Assert.DoesNotContain("rejected_recently", McpGovern.Server.CallJson.Write(await gateway.ViewAsync(later)), StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<Told>> AskAgainAsync(Gateway gateway, int times)
    {
        var told = new List<Told>();
        foreach (var batch in Enumerable.Range(0, times).Chunk(50))
        {
            told.AddRange(await Task.WhenAll(batch.Select(n => gateway.CallAsync("echo", Spellings[n % Spellings.Length]))));
        }

        return told;
    }
}
