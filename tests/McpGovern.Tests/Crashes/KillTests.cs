using Xunit.Abstractions;

namespace McpGovern.Tests.Crashes;

/// <summary>The serving process is killed between any two steps of the story, dozens of times, and everything that was promised holds.</summary>
public abstract class KillTests(ITestOutputHelper output, string store)
{
    // Long enough that a kill at the effect meets a call whose outcome is open.
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(150);

    [SkippableFact]
    public async Task Kills_AtEveryPlaceOfTheStory_LoseNothingAndRunNothingTwice()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        await using var world = await CrashWorld.CreateAsync(store, Delay);
        var story = new KillStory(world, seed);
        // Each place three times, in an order of its own.
        var places = Enum.GetValues<Place>().SelectMany(place => Enumerable.Repeat(place, 3)).ToArray();
        new Random(seed).Shuffle(places);
        foreach (var place in places)
        {
            await story.LiveAsync(place);
            Assert.Empty(story.Wrong);
        }

        var kills = places.Length;
        // Whether a kill meets a call that was sent and not answered is luck, but not each time.
        for (; kills < places.Length + 20 && !await AnyOpenAsync(world); kills++)
        {
            await story.LiveAsync(Place.Effect);
        }

        await story.SettleAsync();
        output.WriteLine(await story.Table.WriteAsync(world, store));
        Assert.Empty(story.Wrong);
        Assert.Equal(kills, story.Table.Kills);
        // Otherwise the kills met nothing.
        Assert.NotEmpty(await world.IdsAsync("outcome_unknown"));
        Assert.NotEmpty(await world.IdsAsync("succeeded"));
    }

    private static async Task<bool> AnyOpenAsync(CrashWorld world) =>
        (await world.IdsAsync("dispatching")).Count + (await world.IdsAsync("outcome_unknown")).Count > 0;

    [SkippableTheory]
    [InlineData("DispatchStarted", "Effect", Oracle.Twice)]
    [InlineData("DispatchStarted", "Effect", Oracle.Unrecorded)]
    [InlineData("ToolApprovalRequired", "Parked", Oracle.Lost)]
    public async Task Kills_OfAProcessThatAcknowledgesBeforeItIsDurable_AreSeenToBreakThePromise(string early, string place, string expected)
    {
        await using var world = await CrashWorld.CreateAsync(store, Delay);
        var story = new KillStory(world, seed: 1, fault: early);
        for (var kill = 0; kill < 20 && !story.Wrong.Any(IsExpected); kill++)
        {
            await story.LiveAsync(Enum.Parse<Place>(place));
        }

        output.WriteLine($"{store}: after {story.Table.Kills} kills\n{string.Join('\n', story.Wrong)}");
        Assert.Contains(story.Wrong, IsExpected);

        bool IsExpected(string wrong) => wrong.StartsWith(expected, StringComparison.Ordinal);
    }
}

public sealed class SqliteKillTests(ITestOutputHelper output) : KillTests(output, "sqlite");

public sealed class PostgresKillTests(ITestOutputHelper output) : KillTests(output, "postgres");
