using McpGovern.Calls;

namespace McpGovern.Core.Tests.Calls;

public sealed class NameTwinsTests
{
    [Theory]
    [InlineData("search", "search", true)]
    [InlineData("search", "Search", true)]
    [InlineData("get_file", "getFile", true)]
    [InlineData("get.file", "get-file", true)]
    [InlineData("list", "1ist", true)]
    [InlineData("list", "Iist", true)]
    [InlineData("pay", "p\u0430y", true)]
    [InlineData("pay", "\uff50\uff41\uff59", true)]
    [InlineData("pay", "p\u200bay", true)]
    [InlineData("p0st", "post", true)]
    [InlineData("pay", "play", false)]
    [InlineData("get_file", "get_files", false)]
    public void Find_OverTwoServers_ReportsNamesThatLookAlike(string one, string other, bool expected)
    {
        Assert.Equal(expected, NameTwins.Find([("a", one), ("b", other)]).Count == 1);
        // Within one server they are its own affair.
        Assert.Empty(NameTwins.Find([("a", one), ("a", other)]));
    }
}
