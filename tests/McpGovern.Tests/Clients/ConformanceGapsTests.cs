namespace McpGovern.Tests.Clients;

/// <summary>The comparison on which the conformance tests stand.</summary>
public sealed class ConformanceGapsTests
{
    [Theory]
    [InlineData("FAILURE", "", "prompts:get", "")]
    [InlineData("WARNING", "", "prompts:get", "")]
    [InlineData("FAILURE", "prompts", "", "")]
    [InlineData("FAILURE", "prompts:get", "", "")]
    [InlineData("FAILURE", "prompts:list", "prompts:get", "prompts:list")]
    [InlineData("SUCCESS", "prompts", "", "prompts")]
    [InlineData("SUCCESS", "prompts:get", "", "prompts:get")]
    [InlineData("SKIPPED", "", "", "")]
    [InlineData("INFO", "", "", "")]
    public void Gaps_WithOneCheck_TellWhatIsNewAndWhatIsStale(string status, string known, string news, string stale)
    {
        var gaps = new ConformanceGaps(known.Length == 0 ? [] : [known]);
        ConformanceCheck[] checks = [new("prompts", "get", status, null)];
        Assert.Equal((news, stale), (string.Join(' ', gaps.News(checks).Select(check => check.Name)), string.Join(' ', gaps.Stale(checks))));
    }
}
