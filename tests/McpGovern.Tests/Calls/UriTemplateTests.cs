using McpGovern.Calls;

namespace McpGovern.Tests.Calls;

public sealed class UriTemplateTests
{
    [Theory]
    [InlineData("test://t/{id}/data", "test://t/7/data", true)]
    [InlineData("test://t/{id}/data", "test://t/a%20b,c/data", true)]
    [InlineData("test://t/{id}/data", "test://t/7/8/data", false)]
    [InlineData("test://t/{id}/data", "test://t/7/data/more", false)]
    [InlineData("test://t/{id}/data", "test://t/7/data\n", false)]
    [InlineData("file:///{+path}", "file:///a/b/c", true)]
    [InlineData("file://{/path*}", "file:///a/b", true)]
    [InlineData("http://h/x{?q,page}", "http://h/x?q=1&page=2", true)]
    [InlineData("http://h/x{?q,page}", "http://h/x", true)]
    [InlineData("http://h/x?q={q}", "http://h/xyq=1", false)]
    [InlineData("http://h/(a+)*{id}", "http://h/(a+)*1", true)]
    [InlineData("plain", "plain", true)]
    [InlineData("half{open", "half{open", true)]
    [InlineData("half{open", "half1", false)]
    public void Matches_OfAnyForm_IsWhetherItMayComeOfIt(string template, string uri, bool expected) =>
        Assert.Equal(expected, UriTemplate.Matches(template, uri));
}
