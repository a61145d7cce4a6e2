namespace McpGovern.Tests.Clients;

/// <summary>
/// What a run does not meet, by scenario or <c>scenario:check</c>, with the cause beside it. One that is met after all fails the test,
/// so that no line outlives its cause.
/// </summary>
internal sealed class ConformanceGaps(params string[] known)
{
    // By design: responses are not resumable, and cannot be in the stateless revision.
    private static readonly string[] NotResumable = ["server-sse-polling:server-sse-priming-event", "server-sse-polling:server-sse-retry-field"];

    // By design: x-mcp-header, and the headers that go with it, are between the gateway and its upstream.
    private const string CustomHeaders = "http-custom-header-server-validation";

    // By design: nothing becomes a task where nothing is gated.
    private static readonly string[] TasksOfGatedCalls =
    [
        "tasks-lifecycle", "tasks-capability-negotiation", "tasks-wire-fields", "tasks-request-state-removal", "tasks-mrtr-input",
        "tasks-request-headers", "tasks-dispatch-and-envelope", "tasks-mrtr-composition",
    ];

    public static readonly ConformanceGaps Initialized = new(NotResumable);

    public static readonly ConformanceGaps Active = new();

    public static readonly ConformanceGaps Stateless = new(
    [
        CustomHeaders,

        // Wants one tool to ask first and to become a task then: here what is gated is parked before anything is sent, and nothing else
        // is a task.
        "tasks-mrtr-composition",

        // By design: a gated call is answered to clients without tasks too, with a plain result. What passes ungated is asserted on its own.
        "tasks-required-task-error",
    ]);

    public static readonly ConformanceGaps StatelessTransparent = new([CustomHeaders, .. TasksOfGatedCalls]);

    public static readonly ConformanceGaps StatelessWithTasks = new(CustomHeaders);

    public IEnumerable<ConformanceCheck> News(IEnumerable<ConformanceCheck> checks) =>
        checks.Where(check => !check.Passed && !known.Contains(check.Scenario) && !known.Contains(check.Name));

    public IEnumerable<string> Stale(IReadOnlyCollection<ConformanceCheck> checks) =>
        known.Where(gap => !checks.Any(check => !check.Passed && (gap == check.Scenario || gap == check.Name)));

    /// <summary>The fixture has no door of its own and no tasks: those are asked of the gateway.</summary>
    public static ConformanceGaps OfTheFixture(string revision) => revision == "2025-11-25"
        ? new(["dns-rebinding-protection", .. NotResumable])
        : new(["dns-rebinding-protection", "http-header-validation", CustomHeaders, "tasks-required-task-error", .. TasksOfGatedCalls]);
}
