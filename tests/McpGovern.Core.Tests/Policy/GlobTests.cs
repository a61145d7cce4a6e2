using McpGovern.Policy;

namespace McpGovern.Tests.Policy;

public sealed class GlobTests
{
    [Theory]
    [InlineData("payments.*", "payments.submit", true)]
    [InlineData("payments.*", "payments.", true)]
    [InlineData("payments.*", "payments", false)]
    [InlineData("payments.*", "my.payments.submit", false)]
    [InlineData("*.delete_*", "a.b.delete_all", true)]
    [InlineData("github.get_?", "github.get_a", true)]
    [InlineData("github.get_?", "github.get_", false)]
    [InlineData("search", "search\n", false)]
    [InlineData("a[bc]", "ab", false)]
    [InlineData("a[bc]", "a[bc]", true)]
    [InlineData("a.c", "abc", false)]
    [InlineData("*", "", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("DELETE", "delete", false)]
    [Trait("attack", "S13")]
    public void IsMatch_WithAPattern_IsAnchoredAndLiteral(string pattern, string text, bool expected) =>
        Assert.Equal(expected, new Glob(pattern).IsMatch(text));

    [Fact]
    public void IsMatch_IgnoringCase_TakesBothCases() => Assert.True(new Glob("*.Delete_*", ignoreCase: true).IsMatch("fs.dELETE_x"));

    [Fact]
    [Trait("attack", "S14")]
    public void IsMatch_WithRandomPairs_AgreesWithTheTableOracle()
    {
        var random = new Random(20260101);
        for (var i = 0; i < 40_000; i++)
        {
            var pattern = Text(random, "ab*?", 8);
            var text = Text(random, "ab", 10);
            Assert.True(Oracle(pattern, text) == new Glob(pattern).IsMatch(text), $"'{pattern}' on '{text}'");
        }
    }

    [Fact]
    [Trait("attack", "S14")]
    public void IsMatch_WithAdversarialPatterns_StaysWithinTheProductOfTheLengths()
    {
        // An exponential matcher does not come back from these within the life of the test run.
        var many = string.Concat(Enumerable.Repeat("*a", 100)) + "*b";
        Assert.False(new Glob(many).IsMatch(new string('a', 5_000)));
        Assert.False(new Glob("*" + new string('a', 200) + "b").IsMatch(new string('a', 5_000)));
        Assert.True(new Glob(new string('*', 256)).IsMatch(new string('x', 5_000)));
        Assert.False(new Glob(string.Concat(Enumerable.Repeat("*?", 120)) + "z").IsMatch(new string('y', 5_000)));
    }

    private static string Text(Random random, string alphabet, int longest) =>
        new([.. Enumerable.Range(0, random.Next(longest + 1)).Select(_ => alphabet[random.Next(alphabet.Length)])]);

    /// <summary>The definition, as a table over all prefixes.</summary>
    private static bool Oracle(string pattern, string text)
    {
        var fits = new bool[pattern.Length + 1, text.Length + 1];
        fits[0, 0] = true;
        for (var p = 1; p <= pattern.Length; p++)
        {
            for (var t = 0; t <= text.Length; t++)
            {
                fits[p, t] = pattern[p - 1] == '*'
                    ? fits[p - 1, t] || (t > 0 && fits[p, t - 1])
                    : t > 0 && fits[p - 1, t - 1] && (pattern[p - 1] == '?' || pattern[p - 1] == text[t - 1]);
            }
        }
        return fits[pattern.Length, text.Length];
    }
}
