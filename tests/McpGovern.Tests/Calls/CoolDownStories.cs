using McpGovern.Server;

namespace McpGovern.Tests.Calls;

/// <summary>An agent that does not take no for an answer makes one card per cool-down, however often it asks.</summary>
public sealed class CoolDownStories
{
    private static readonly string[] Spellings =
        ["""{"to":"x","amount":5}""", """{"amount":5,"to":"x"}""", """{ "amount" : 5 , "to" : "x" }""", "{\n\t\"to\": \"\\u0078\",\r\n\"amount\":5}"];

    [Fact]
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
    public async Task Call_WithAnotherArgument_IsAnotherCallAndAnotherCard()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var card = await gateway.ParkAsync("echo", Spellings[0]);
        await gateway.DecideAsync(card, "rejected");
        Assert.NotEqual(card, await gateway.ParkAsync("echo", """{"to":"x","amount":6}"""));
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
