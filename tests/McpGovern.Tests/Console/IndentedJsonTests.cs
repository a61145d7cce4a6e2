using McpGovern.ConsolePages;

namespace McpGovern.Tests.ConsolePages;

public sealed class IndentedJsonTests
{
    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("[]", "[]")]
    [InlineData("1.50", "1.50")]
    [InlineData("""{"a":{},"b":[]}""", "{\n  \"a\": {},\n  \"b\": []\n}")]
    [InlineData("""{"a":[1,2e0]}""", "{\n  \"a\": [\n    1,\n    2e0\n  ]\n}")]
    [InlineData("""{"{[,:":"]}\\\",","x":null}""", "{\n  \"{[,:\": \"]}\\\\\\\",\",\n  \"x\": null\n}")]
    public void Of_JsonText_AddsWhiteSpaceBetweenItsPartsOnly(string json, string lines) => Assert.Equal(lines, IndentedJson.Of(json));

    [Fact]
    public void Of_AMegabyteOfBrackets_StaysSmall()
    {
        var json = new string('[', 500_000) + new string(']', 500_000);

        Assert.InRange(IndentedJson.Of(json).Length, json.Length, json.Length * 70);
    }
}
