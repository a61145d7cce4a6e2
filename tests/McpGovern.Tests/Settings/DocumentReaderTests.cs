using System.Text;
using McpGovern.Settings;

namespace McpGovern.Tests.Settings;

public sealed class DocumentReaderTests
{
    [Theory]
    [InlineData("""{"a":"\u0041\/\ud83d\ude00\n","b":[1,1.50,true,null,"5"],"c":{}}""", """{"a":"A/\uD83D\uDE00\n","b":[1,1.50,true,null,"5"],"c":{}}""")]
    [InlineData("{\n\t\"a\":\t[\n\t\t1,\n\t\t2\n\t]\n}", """{"a":[1,2]}""")]
    [InlineData("\uFEFFa: no\nb: on\nc: ~\nd:\ne: 007\nf: 0x1F\ng: 1e5", """{"a":"no","b":"on","c":null,"d":null,"e":"007","f":"0x1F","g":1e5}""")]
    [InlineData("a: 123456789012345678901234567890.10", """{"a":123456789012345678901234567890.10}""")]
    public void Read_WithYamlOrJson_KeepsValuesAndSpelling(string text, string expected)
    {
        var (node, faults) = Read(text);
        Assert.Empty(faults.Errors);
        Assert.Equal(expected, node!.ToJson());
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "a: &x 1\nb: 2", "f.yaml:1: anchors are not read" },
        { "a: 1\nb: *.x", "f.yaml:2: aliases are not read" },
        { "a: !!str 1", "f.yaml:1: tags are not read" },
        { "<<: { a: 1 }", "f.yaml:1: merge keys are not read" },
        { "a: 1\nb: 1\na: 2", "f.yaml:3: 'a' is given twice, first in line 1; keep one" },
        { "{\"a\": 1, \"\\u0061\": 2}", "f.yaml:1: 'a' is given twice" },
        { "a: 1\n---\nb: 2", "f.yaml:2: a second document begins here" },
        { "", "f.yaml:1: the file is empty" },
        { "# nothing", "f.yaml:1: the file is empty" },
        { "a: [1, 2", "not valid YAML or JSON" },
        { "a:\n\tb: 1", "not valid YAML or JSON" },
        { "{\"a\": \"\\ud800\"}", "not valid YAML or JSON" },
        { "? [a]\n: 1", "a key is not a word" },
        { string.Concat(Enumerable.Repeat("[", 33)) + string.Concat(Enumerable.Repeat("]", 33)), "more than 32 levels" },
        { new string('[', 10_000), "more than 32 levels" },
        { string.Concat(Enumerable.Repeat("{a: ", 10_000)), "more than 32 levels" },
        { string.Concat(Enumerable.Repeat("- ", 10_000)), "more than 32 levels" },
        { string.Concat(Enumerable.Repeat("? ", 10_000)), "more than 32 levels" },
        { "a: " + new string('x', 256 * 1024), "keep it under 256KiB" },
    };

    [Theory, MemberData(nameof(Refused))]
    [Trait("attack", "S18")]
    public void Read_WithWhatIsNotRead_SaysWhere(string text, string expected)
    {
        var (_, faults) = Read(text);
        Assert.Contains(expected, Assert.Single(faults.Errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WithThirtyTwoLevels_Reads() =>
        Assert.NotNull(Read(string.Concat(Enumerable.Repeat("[", 32)) + string.Concat(Enumerable.Repeat("]", 32))).Node);

    [Fact]
    public void Read_WithAnotherEncoding_AsksForUtf8()
    {
        var faults = new Faults("f.yaml");
        Assert.Null(DocumentReader.Read([0xFF, 0xFE, .. Encoding.Unicode.GetBytes("a: é")], faults));
        Assert.Contains("UTF-8", Assert.Single(faults.Errors).Cure, StringComparison.Ordinal);
    }

    private static (Node? Node, Faults Faults) Read(string text)
    {
        var faults = new Faults("f.yaml");
        return (DocumentReader.Read(Encoding.UTF8.GetBytes(text), faults), faults);
    }
}
