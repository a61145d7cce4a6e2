using System.Text.Json;
using McpGovern.Policy;

namespace McpGovern.Tests.Policy;

public sealed class ConditionsTests
{
    /// <summary>Condition, what it compares with, the argument's JSON (null: it is missing), and the answer.</summary>
    public static TheoryData<string, string[], string?, Truth> Answers => new()
    {
        { "gt", ["500"], "900", Truth.Yes },
        { "gt", ["500"], "500.0", Truth.No },
        { "gt", ["500"], "500.00000000000000000000000000000001", Truth.Yes },
        { "gt", ["500"], "\"900\"", Truth.Unknown },
        { "gt", ["500"], null, Truth.Unknown },
        { "gt", ["500"], "null", Truth.Unknown },
        { "gt", ["500"], "1e99999999999", Truth.Unknown },
        { "gte", ["500"], "5e2", Truth.Yes },
        { "lt", ["-1"], "-1.5", Truth.Yes },
        { "lte", ["0.5"], "0.50", Truth.Yes },
        { "lte", ["0.5"], "[0.5]", Truth.Unknown },
        { "eq", ["EUR"], "\"EUR\"", Truth.Yes },
        { "eq", ["EUR"], "\"\\u0045UR\"", Truth.Yes },
        { "eq", ["EUR"], "\"eur\"", Truth.No },
        { "eq", ["EUR"], "5", Truth.Unknown },
        { "eq", ["EUR"], "\"\\ud800\"", Truth.Unknown },
        { "eq", ["1"], "1.00", Truth.Yes },
        { "eq", ["true"], "true", Truth.Yes },
        { "eq", ["true"], "false", Truth.No },
        { "eq", ["null"], "null", Truth.Yes },
        { "ne", ["EUR"], "\"USD\"", Truth.Yes },
        { "ne", ["EUR"], "{}", Truth.Unknown },
        { "in", ["EUR", "USD"], "\"USD\"", Truth.Yes },
        { "in", ["EUR", "1"], "2", Truth.No },
        { "not_in", ["EUR", "USD"], "\"GBP\"", Truth.Yes },
        { "not_in", ["EUR"], null, Truth.Unknown },
        { "glob", ["*@example.com"], "\"a@example.com\"", Truth.Yes },
        { "glob", ["*@example.com"], "\"a@example.com.evil\"", Truth.No },
        { "glob", ["x*", "y*"], "\"yes\"", Truth.Yes },
        { "glob", ["*"], "7", Truth.Unknown },
        { "regex", ["^[a-z]+$"], "\"abc\"", Truth.Yes },
        { "regex", ["^[a-z]+$"], "\"abc\\n\"", Truth.Unknown },
        { "regex", ["^[a-z]+$"], "\"ab1\"", Truth.No },
        { "regex", ["b"], "\"abc\\n\"", Truth.Yes },
        { "exists", ["true"], "1", Truth.Yes },
        { "exists", ["true"], null, Truth.No },
        { "exists", ["false"], null, Truth.Yes },
        { "exists", ["false"], "1", Truth.No },
        { "exists", ["true"], "null", Truth.Unknown },
        { "cidr", ["10.0.0.0/8"], "\"10.1.2.3\"", Truth.Yes },
        { "cidr", ["10.0.0.0/8"], "\"11.1.2.3\"", Truth.No },
        { "cidr", ["10.0.0.0/8"], "\"::ffff:10.1.2.3\"", Truth.Yes },
        { "cidr", ["10.0.0.0/8"], "\"0xa.1\"", Truth.Unknown },
        { "cidr", ["10.0.0.0/8"], "\"010.1.2.3\"", Truth.Unknown },
        { "cidr", ["10.0.0.0/8"], "\"10.1.2.3:80\"", Truth.Unknown },
        { "cidr", ["10.0.0.0/8"], "\"localhost\"", Truth.Unknown },
        { "cidr", ["fd00::/8", "127.0.0.1"], "\"fd12::1\"", Truth.Yes },
        { "cidr", ["fd00::/8", "127.0.0.1"], "\"127.0.0.1\"", Truth.Yes },
    };

    [Theory, MemberData(nameof(Answers))]
    public void Holds_OnAnArgument_Answers(string word, string[] operands, string? json, Truth expected)
    {
        using var arguments = JsonDocument.Parse(json is null ? "{}" : $$"""{"a":{{json}}}""");
        Assert.Equal(expected, Given.Argument("a", word, operands).Holds(arguments.RootElement));
    }

    [Theory]
    [InlineData("/srv/data", "/srv/data/a.txt", Truth.Yes)]
    [InlineData("/srv/data", "/srv/data", Truth.Yes)]
    [InlineData("/srv/data/", "/srv//data/./x/../y", Truth.Yes)]
    [InlineData("/srv/data", "/srv/database", Truth.No)]
    [InlineData("/srv/data", "/srv/data/../../etc/passwd", Truth.No)]
    [InlineData("/etc", "/srv/../../../etc/passwd", Truth.Yes)]
    [InlineData("/srv/data", "srv/data/a", Truth.Unknown)]
    [InlineData("/srv/data", "~/a", Truth.Unknown)]
    [InlineData("/srv/data", "//srv/data/a", Truth.Unknown)]
    [InlineData("/srv/data", "/SRV/data/a", Truth.Unknown)]
    [InlineData("/srv/data", @"/srv/data\..\..\etc", Truth.No)]
    [InlineData("/srv/data", @"/srv/data/x\..\..\y", Truth.Unknown)]
    [InlineData("/srv/data", @"/srv/data/a\b", Truth.Yes)]
    [InlineData("/srv/data", "/srv/data/\u0000/../x", Truth.Unknown)]
    [InlineData("/srv/data", "file:///srv/data/a", Truth.Unknown)]
    [InlineData(@"C:\work", @"c:/Work\a.txt", Truth.Yes)]
    [InlineData(@"C:\work", @"C:\work\..\..\..\windows", Truth.No)]
    [InlineData(@"C:\work", @"C:\work. \a", Truth.Unknown)]
    [InlineData(@"C:\work", @"C:\work\a.txt:stream", Truth.Unknown)]
    [InlineData(@"C:\work", @"\\?\C:\work\a", Truth.Unknown)]
    [InlineData(@"C:\work", @"D:\work\a", Truth.No)]
    [InlineData(@"C:\work", @"C:\..\..\work\a", Truth.Yes)]
    [InlineData("/srv/data", "/srv", Truth.No)]
    [InlineData("/", "/anything", Truth.Yes)]
    public void Under_OnAPath_ComparesWhatItMeans(string folder, string path, Truth expected) =>
        Assert.Equal(expected, PathPrefix.Parse(folder)!.Contains(path));

    [Theory]
    [InlineData("gt", "many")]
    [InlineData("regex", "(a)\\1")]
    [InlineData("regex", "(?=a)")]
    [InlineData("regex", "(a{99}){99}{99}")]
    [InlineData("regex", "(.*){1000}x")]
    [InlineData("regex", "[")]
    [InlineData("under", "data")]
    [InlineData("cidr", "example.com")]
    [InlineData("cidr", "10.0.0.0/33")]
    [InlineData("exists", "yes")]
    [InlineData("glob", "")]
    [InlineData("like", "x")]
    public void Create_WithWhatCannotBeCompared_NamesProblemAndCure(string word, string operand)
    {
        var (condition, problem, cure) = Conditions.Create(word, [Scalar.FromPlain(operand)], false);
        Assert.Null(condition);
        Assert.False(string.IsNullOrEmpty(problem) || string.IsNullOrEmpty(cure));
    }

    [Theory]
    [InlineData("amount.value", Truth.Yes)]
    [InlineData("/amount/value", Truth.Yes)]
    [InlineData("items.1.n", Truth.Yes)]
    [InlineData("/items/1/n", Truth.Yes)]
    [InlineData("/a~1b~0c", Truth.Yes)]
    [InlineData("amount", Truth.Unknown)]
    [InlineData("items.9.n", Truth.Unknown)]
    [InlineData("items.-1.n", Truth.Unknown)]
    [InlineData("twice", Truth.Unknown)]
    public void Path_IntoArguments_FindsOneValue(string path, Truth expected)
    {
        using var arguments = JsonDocument.Parse("""{"amount":{"value":7},"items":[{},{"n":7}],"a/b~c":7,"twice":7,"tw\u0069ce":1}""");
        Assert.Equal(expected, Given.Argument(path, "eq", "7").Holds(arguments.RootElement));
    }

    [Theory]
    [InlineData("""{"a":9,"c":"EUR"}""", Truth.No)]
    [InlineData("""{"a":9,"c":"USD"}""", Truth.Yes)]
    [InlineData("""{"a":1}""", Truth.Unknown)]
    public void Holds_WithSeveralArguments_IsUnknownAsSoonAsOneIs(string json, Truth expected)
    {
        var when = new When([.. Given.Argument("a", "gt", "5").Tests, .. Given.Argument("c", "not_in", "EUR").Tests]);
        using var arguments = JsonDocument.Parse(json);
        Assert.Equal(expected, when.Holds(arguments.RootElement));
    }

    [Fact]
    public void Holds_WithExistsBesideAComparison_TakesAMissingArgumentAsAnswered()
    {
        var when = new When([new(ArgumentPath.Parse("a")!, [Given.Condition("exists", "true"), Given.Condition("gt", "5")])]);
        using var arguments = JsonDocument.Parse("{}");
        Assert.Equal(Truth.No, when.Holds(arguments.RootElement));
    }
}
