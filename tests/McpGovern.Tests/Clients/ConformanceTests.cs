namespace McpGovern.Tests.Clients;

/// <summary>The official conformance suite, whole requirement sets at a time; what is not met has to be one of <see cref="ConformanceGaps"/>.</summary>
public sealed class ConformanceTests
{
    private const string Initialized = "2025-11-25", Stateless = "2026-07-28";

    private static readonly object Transparent = new { version = 1, @default = "allow" };

    // Gating these makes them tasks; the suite calls none of them in the older revision.
    private static readonly object JobsGated = new
    {
        version = 1,
        @default = "allow",
        require_approval_for = new[] { "up.slow_compute", "up.failing_job", "up.protocol_error_job", "up.confirm_delete", "up.multi_input" },
    };

    [SkippableFact]
    public Task Requirements20251125_OfATransparentGateway_AreMet() =>
        MeetAsync(scenarios: 33, ConformanceGaps.Initialized, Suite(Initialized), Behind("--legacy", Transparent));

    [SkippableFact]
    public Task ActiveSuiteOfTheStableRelease_WithOtherToolsGated_Passes() =>
        MeetAsync(scenarios: 30, ConformanceGaps.Active, StableSuite, Behind("--legacy", JobsGated));

    [SkippableFact]
    public Task Requirements20260728_WithGatedJobs_AreMet() =>
        MeetAsync(scenarios: 50, ConformanceGaps.Stateless, Suite(Stateless), Behind("--modern", JobsGated));

    [SkippableFact]
    public Task Requirements20260728_OfATransparentGateway_AreMet() =>
        MeetAsync(scenarios: 50, ConformanceGaps.StatelessTransparent, Suite(Stateless), Behind("--modern", Transparent, "--tasks-required"));

    /// <summary>Tasks that the upstream makes itself: nothing is gated, and every scenario about tasks is met through the gateway.</summary>
    [SkippableFact]
    public Task Requirements20260728_OfATransparentGatewayBeforeAServerWithTasks_AreMet() => MeetAsync(
        scenarios: 50, ConformanceGaps.StatelessWithTasks, Suite(Stateless), Behind("--modern", Transparent, "--tasks", "--tasks-required"));

    /// <summary>An upstream that can do something as a task only says so itself, and its word passes.</summary>
    [SkippableFact]
    public async Task TasksRequired_ByTheUpstream_IsToldToAClientWithoutThem()
    {
        var node = await NodeTools.RequireAsync();
        var suite = Suite(Stateless);
        var checks = await RunAsync(node, suite, suite.Only("tasks-required-task-error"), Behind("--modern", Transparent, "--tasks-required"));
        Assert.Contains("sep-2663-server-returns-missing-capability-data-shape", checks.Select(check => check.Id));
        Assert.Equal([], checks.Where(check => check.Status != "SUCCESS").Select(check => check.ToString()));
    }

    /// <summary>So that a failure behind the gateway is the gateway's.</summary>
    [SkippableTheory]
    [InlineData("--legacy", Initialized, 33)]
    [InlineData("--modern", Stateless, 50)]
    public Task Fixture_WithoutAGateway_MeetsWhatIsAServers(string era, string revision, int scenarios) =>
        MeetAsync(scenarios, ConformanceGaps.OfTheFixture(revision), Suite(revision), _ => FixtureProcess.StartAsync(era));

    private static ConformanceSuite StableSuite => new(NodeTools.StableConformance, ["--suite", "active"], []);

    // The suite's own limit for a scenario is half a minute, which a busy machine needs.
    private static ConformanceSuite Suite(string revision) => new(
        NodeTools.Conformance,
        ["--requirements", revision, "--timeout", "100000"],
        ["--spec-version", revision, "--force", "--timeout", "100000"]);

    private static Func<string, Task<IConformanceTarget>> Behind(string era, object policy, params string[] options) =>
        async node => await ConformanceGateway.StartAsync(node, policy, [era, .. options]);

    private static async Task MeetAsync(int scenarios, ConformanceGaps gaps, ConformanceSuite suite, Func<string, Task<IConformanceTarget>> start)
    {
        var node = await NodeTools.RequireAsync();
        var checks = await RunAsync(node, suite, suite.All, start);
        Assert.Equal(scenarios, checks.Select(check => check.Scenario).Distinct().Count());

        // To a gateway that remembers the first, an equal call of a later scenario is no new call: what failed is asked again of another.
        foreach (var scenario in gaps.News(checks).Select(check => check.Scenario).Distinct().ToArray())
        {
            await using var other = await start(node);
            var again = await suite.RunAsync(node, other.Url, suite.Only(scenario));
            // The suite waits half a second for some answers, and a program that has just started takes its time.
            if (gaps.News(again).Any())
            {
                again = await suite.RunAsync(node, other.Url, suite.Only(scenario));
            }

            checks = [.. checks.Where(check => check.Scenario != scenario), .. again];
        }

        var (news, stale) = (string.Join('\n', gaps.News(checks)), string.Join('\n', gaps.Stale(checks)));
        Assert.True(news.Length == 0 && stale.Length == 0, $"not met:\n{news}\nmet, so no gap any more:\n{stale}");
    }

    private static async Task<IReadOnlyList<ConformanceCheck>> RunAsync(
        string node, ConformanceSuite suite, string[] selection, Func<string, Task<IConformanceTarget>> start)
    {
        await using var target = await start(node);
        return await suite.RunAsync(node, target.Url, selection);
    }
}
