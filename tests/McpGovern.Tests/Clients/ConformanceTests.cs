namespace McpGovern.Tests.Clients;

/// <summary>The scenarios of the official conformance suite that have to pass, each with a gateway of its own.</summary>
public sealed class ConformanceTests
{
    private const string Initialized = "2025-11-25", Stateless = "2026-07-28";

    private static readonly object Transparent = new { version = 1, @default = "allow" };

    private static readonly object Gated = new
    {
        version = 1,
        @default = "allow",
        require_approval_for = new[] { "up.slow_compute", "up.failing_job", "up.protocol_error_job" },
    };

    [SkippableTheory]
    [InlineData("tasks-lifecycle")]
    [InlineData("tasks-capability-negotiation")]
    [InlineData("tasks-wire-fields")]
    [InlineData("tasks-request-state-removal")]
    [InlineData("tasks-request-headers")]
    [InlineData("tasks-dispatch-and-envelope")]
    [InlineData("http-header-validation")]
    [InlineData("tools-call-simple-text")]
    public async Task Scenario_WithGatedTools_Passes(string scenario) => await PassAsync(scenario, Stateless, Gated);

    [SkippableTheory]
    [InlineData("http-header-validation", Stateless)]
    [InlineData("dns-rebinding-protection", Stateless)]
    [InlineData("server-sse-multiple-streams", Stateless)]
    [InlineData("tools-list", Stateless)]
    [InlineData("tools-call-simple-text", Stateless)]
    [InlineData("tools-call-image", Stateless)]
    [InlineData("tools-call-audio", Stateless)]
    [InlineData("tools-call-embedded-resource", Stateless)]
    [InlineData("tools-call-mixed-content", Stateless)]
    [InlineData("tools-call-error", Stateless)]
    [InlineData("tools-call-with-progress", Stateless)]
    [InlineData("server-initialize", Initialized)]
    [InlineData("server-session-lifecycle", Initialized)]
    [InlineData("server-sse-multiple-streams", Initialized)]
    [InlineData("dns-rebinding-protection", Initialized)]
    [InlineData("ping", Initialized)]
    [InlineData("tools-list", Initialized)]
    [InlineData("tools-call-mixed-content", Initialized)]
    [InlineData("tools-call-error", Initialized)]
    [InlineData("tools-call-with-progress", Initialized)]
    [InlineData("resources-list", Stateless)]
    [InlineData("resources-read-text", Stateless)]
    [InlineData("resources-read-binary", Stateless)]
    [InlineData("resources-templates-read", Stateless)]
    [InlineData("prompts-list", Stateless)]
    [InlineData("prompts-get-simple", Stateless)]
    [InlineData("prompts-get-with-args", Stateless)]
    [InlineData("prompts-get-embedded-resource", Stateless)]
    [InlineData("prompts-get-with-image", Stateless)]
    [InlineData("completion-complete", Stateless)]
    [InlineData("resources-list", Initialized)]
    [InlineData("resources-read-text", Initialized)]
    [InlineData("resources-read-binary", Initialized)]
    [InlineData("resources-templates-read", Initialized)]
    [InlineData("resources-subscribe", Initialized)]
    [InlineData("resources-unsubscribe", Initialized)]
    [InlineData("prompts-list", Initialized)]
    [InlineData("prompts-get-with-args", Initialized)]
    [InlineData("prompts-get-embedded-resource", Initialized)]
    [InlineData("prompts-get-with-image", Initialized)]
    [InlineData("completion-complete", Initialized)]
    public async Task Scenario_OfATransparentGateway_Passes(string scenario, string revision) => await PassAsync(scenario, revision, Transparent);

    private static async Task PassAsync(string scenario, string revision, object policy)
    {
        var finished = await ConformanceRun.OfAsync(scenario, revision, policy);
        Assert.True(finished.ExitCode == 0, finished.ToString());
    }
}
