using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>The fault points are where the storms think that they are: each is passed by the story that is broken there.</summary>
public sealed class FaultPointTests
{
    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Story_WithoutAFault_PassesEveryPoint(string store)
    {
        using var reached = new TempFolder();
        await using var world = await FaultStory.CreateWorldAsync(store);
        await using var story = new FaultStory(world, $"record:{reached.Path}");

        Assert.Empty(await story.RunAsync());

        // The one that dies to be recovered.
        Assert.Equal(1, story.Deaths);
        Assert.Equal(FaultPoints.Names.Except(FaultStory.OfTasks).Order(), Directory.GetFiles(reached.Path).Select(file => Path.GetFileName(file)!).Order());
    }

    [Fact]
    public void PointsOfTasks_ThatTheStoryCannotPass_AreKilledAtByTheTestsOfTasks()
    {
        var killedAt = new[] { typeof(UpstreamTaskKillTests), typeof(TaskInputKillTests) }.SelectMany(type => type.GetMethods())
            .SelectMany(method => method.GetCustomAttributes(typeof(InlineDataAttribute), inherit: false).Cast<InlineDataAttribute>().SelectMany(data => data.GetData(method)))
            .SelectMany(values => values).OfType<string>().Select(value => value.Split(':')[0]).ToHashSet();

        Assert.Equal(8, FaultStory.OfTasks.Count);
        Assert.Empty(FaultStory.OfTasks.Except(killedAt));
    }

    [SkippableTheory]
    [InlineData("park_appended:1:kill")]
    [InlineData("dispatch_appended:2:kill")]
    [InlineData("decide_appended:1:throw")]
    public async Task Story_BrokenAtAPoint_EndsRight(string fault)
    {
        await using var world = await FaultStory.CreateWorldAsync("sqlite");
        await using var story = new FaultStory(world, fault);

        Assert.Empty(await story.RunAsync());

        Assert.Equal(fault.EndsWith("kill", StringComparison.Ordinal) ? 1 : 0, story.Deaths);
    }

    [Theory]
    [InlineData("park_appended")]
    [InlineData("park_appended:0:kill")]
    [InlineData("park_apended:1:kill")]
    [InlineData("park_appended:1:explode")]
    [InlineData("record:")]
    public async Task Program_WithAFaultThatIsNone_StopsAndNamesThem(string fault)
    {
        using var home = new TempFolder();
        await using var process = GovernProcess.StartIn(home, ["faults"], new Dictionary<string, string?> { [FaultPoints.Variable] = fault });

        var end = await process.EndAsync();

        Assert.Equal(2, end.ExitCode);
        Assert.Contains("dispatch_before_first_byte", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_AskedForItsFaults_NamesThem()
    {
        using var home = new TempFolder();
        var end = await GovernProcess.RunInAsync(home, "faults");
        Assert.Equal(FaultPoints.Names, end.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
