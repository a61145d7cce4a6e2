namespace McpGovern.Tests.House;

/// <summary>A file is understood at one sitting.</summary>
public sealed class FileSizeTests
{
    private const int Limit = 300, MedianLimit = 60;

    [Fact]
    public void SourceFiles_Always_AreWithinTheLimit() => Assert.Empty(TooLong(Repository.SourceFiles("src", "tests", "examples"), Limit));

    [Fact]
    public void SourceFiles_OfTheProduct_HaveASmallMedian()
    {
        var lengths = Repository.SourceFiles("src").Select(LinesOf).Order().ToArray();
        Assert.InRange(lengths[lengths.Length / 2], 1, MedianLimit - 1);
    }

    [Fact]
    public void TooLong_WithASmallerLimit_FindsThisFile() =>
        Assert.Contains(TooLong(Repository.SourceFiles("tests"), 10), entry => entry.Contains("House/FileSizeTests.cs", StringComparison.Ordinal));

    private static IEnumerable<string> TooLong(IEnumerable<string> files, int limit) =>
        files.Where(file => LinesOf(file) > limit).Select(file => $"{file}: {LinesOf(file)} lines, {limit} is the limit");

    private static int LinesOf(string file) => File.ReadLines(Repository.File(file)).Count();
}
