namespace McpGovern.Tests.Processes;

/// <summary>Something a test needs and a machine may lack.</summary>
internal static class Requirement
{
    public static bool IsCi => Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>Skips with the reason; where everything is meant to be installed, a skip would hide a failure.</summary>
    public static void SkipUnless(bool present, string reason)
    {
        Assert.True(present || !IsCi, $"CI=true forbids skipping: {reason}");
        Skip.IfNot(present, reason);
    }
}
