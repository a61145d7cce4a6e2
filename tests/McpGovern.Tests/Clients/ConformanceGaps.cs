namespace McpGovern.Tests.Clients;

/// <summary>
/// What a run does not meet, by scenario or <c>scenario:check</c>, with the cause beside it. One that is met after all fails the test,
/// so that no line outlives its cause.
/// </summary>
internal sealed class ConformanceGaps(params string[] known)
{
    // By design: responses are not resumable, and cannot be in the stateless revision.
    private static readonly string[] NotResumable = ["server-sse-polling:server-sse-priming-event", "server-sse-polling:server-sse-retry-field"];

    // Waits for the relay of what is no tool.
    private static readonly string[] NoTools =
    [
        "completion-complete",
        "prompts-list", "prompts-get-simple", "prompts-get-with-args", "prompts-get-embedded-resource", "prompts-get-with-image",
        "resources-list", "resources-read-text", "resources-read-binary", "resources-templates-read",
    ];

    private static readonly string[] Subscriptions = ["resources-subscribe", "resources-unsubscribe"];

    // Waits for the relay of what an upstream asks and says while a call runs.
    private static readonly string[] Asked =
        ["tools-call-sampling", "tools-call-elicitation", "elicitation-sep1034-defaults", "elicitation-sep1330-enums", "tools-call-with-logging"];

    public static readonly ConformanceGaps Initialized = new([.. NoTools, .. Subscriptions, .. Asked, .. NotResumable]);

    public static readonly ConformanceGaps Active = new([.. NoTools, .. Subscriptions, .. Asked]);

    public static readonly ConformanceGaps Stateless = new(
    [
        .. NoTools,
        "caching:sep-2549-prompts-list-caching-hints",
        "caching:sep-2549-resources-list-caching-hints",
        "caching:sep-2549-resources-templates-list-caching-hints",
        "sep-2164-resource-not-found",
        "input-required-result-non-tool-request",

        // Waits for input_required, whose asker has to be told what the caller can.
        "input-required-result-basic-elicitation",
        "input-required-result-basic-sampling",
        "input-required-result-basic-list-roots",
        "input-required-result-request-state",
        "input-required-result-multiple-input-requests",
        "input-required-result-multi-round",
        "input-required-result-missing-input-response",
        "input-required-result-result-type",
        "input-required-result-tampered-state",
        "input-required-result-capability-check",
        "input-required-result-ignore-extra-params",
        "server-stateless:sep-2575-http-server-no-independent-requests-on-stream",
        "tasks-mrtr-input",
        "tasks-mrtr-composition",

        // Waits for subscriptions/listen towards the upstream.
        "server-stateless:sep-2575-server-sends-tools-list-changed-on-subscription",

        // By design: a gated call is answered to clients without tasks too, with a plain result.
        "tasks-required-task-error",

        // By design: x-mcp-header, and the headers that go with it, are between the gateway and its upstream.
        "http-custom-header-server-validation",
    ]);

    public IEnumerable<ConformanceCheck> News(IEnumerable<ConformanceCheck> checks) =>
        checks.Where(check => !check.Passed && !known.Contains(check.Scenario) && !known.Contains(check.Name));

    public IEnumerable<string> Stale(IReadOnlyCollection<ConformanceCheck> checks) =>
        known.Where(gap => !checks.Any(check => !check.Passed && (gap == check.Scenario || gap == check.Name)));

    /// <summary>The fixture has no door of its own and no tasks: those are asked of the gateway.</summary>
    public static ConformanceGaps OfTheFixture(string revision) => revision == "2025-11-25"
        ? new(["dns-rebinding-protection", .. NotResumable])
        : new(
        [
            "dns-rebinding-protection", "http-header-validation", "http-custom-header-server-validation",
            "tasks-lifecycle", "tasks-capability-negotiation", "tasks-wire-fields", "tasks-request-state-removal", "tasks-mrtr-input",
            "tasks-request-headers", "tasks-dispatch-and-envelope", "tasks-required-task-error", "tasks-mrtr-composition",
        ]);
}
