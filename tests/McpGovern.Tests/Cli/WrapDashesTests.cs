using McpGovern.Cli;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Cli;

/// <summary><c>wrap</c> with and without the two dashes before the server's command.</summary>
public sealed class WrapDashesTests
{
    [Theory]
    [InlineData("wrap npx -y x", "wrap -- npx -y x")]
    [InlineData("wrap npx --name x --policy y", "wrap -- npx --name x --policy y")]
    [InlineData("wrap --name files npx --help", "wrap --name files -- npx --help")]
    [InlineData("wrap --hold=0s --policy p.yaml npx -- x", "wrap --hold=0s --policy p.yaml -- npx -- x")]
    [InlineData("wrap --name files -- npx --name x", "wrap --name files -- npx --name x")]
    [InlineData("wrap --name files", "wrap --name files")]
    [InlineData("wrap --help", "wrap --help")]
    [InlineData("wrap", "wrap")]
    [InlineData("approve x --comment npx", "approve x --comment npx")]
    public void WithDashes_OfAWrap_EndsOurOptionsWhereTheCommandBegins(string line, string expected) =>
        Assert.Equal(expected, string.Join(' ', WrapVerb.WithDashes(line.Split(' '))));

    [Theory]
    [InlineData("mcpgovern-policy.yaml", "whoever may write there may change it")]
    [InlineData(".config/mcpgovern/mcpgovern-policy.yaml", "mcpgovern-policy.yaml\n")]
    public async Task Wrap_WithAPolicyThatLiesThere_SaysWhichAndWhetherAnAgentMayChangeIt(string file, string told)
    {
        using var home = new TempFolder();
        home.Write(file, "{ default: deny }");

        var end = await GovernProcess.RunInAsync(home, "wrap", "true", "--name", "x");

        Assert.Contains($"McpGovern: the policy is {home.File(file)}", end.Errors, StringComparison.Ordinal);
        Assert.Contains(told, end.Errors, StringComparison.Ordinal);
    }
}
