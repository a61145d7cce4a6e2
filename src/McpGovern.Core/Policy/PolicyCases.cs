namespace McpGovern.Policy;

/// <summary>A test case that was decided otherwise than written.</summary>
public sealed record FailedCase(PolicyTest Test, Decision Decision);

/// <summary>Runs the cases that stand in policy files.</summary>
public static class PolicyCases
{
    public static IReadOnlyList<FailedCase> Failed(PolicySet policy, IEnumerable<PolicyTest> tests) =>
    [
        .. from test in tests
           let decision = policy.Evaluate(PolicyCall.Named(test.Call, test.ArgumentsJson))
           where decision.Verdict != test.Expect
           select new FailedCase(test, decision),
    ];
}
