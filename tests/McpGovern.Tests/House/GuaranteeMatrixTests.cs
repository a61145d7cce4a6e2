using System.Text.RegularExpressions;

namespace McpGovern.Tests.House;

/// <summary>The README's table of guarantees: whatever it says holds one is there.</summary>
public sealed partial class GuaranteeMatrixTests
{
    [Fact]
    public void EveryRow_NamesTestsAndStormsThatThereAre()
    {
        var rows = File.ReadLines(Repository.File("README.md"))
            .SkipWhile(line => !line.StartsWith("| boundary |", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|')).ToArray();
        var tests = typeof(GuaranteeMatrixTests).Assembly.GetTypes().Select(type => type.Name)
            .Concat(Files("McpGovern.Core.Tests", "*Tests.cs").Select(file => Path.GetFileNameWithoutExtension(file)!)).ToHashSet(StringComparer.Ordinal);
        var storms = string.Concat(Files(Path.Combine("McpGovern.Torture", "Storms"), "*.cs").Select(File.ReadAllText));

        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            var cell = row.Split('|')[^2];
            var named = Test().Matches(cell).Select(match => match.Groups[1].Value).ToArray();
            Assert.NotEmpty(named);
            Assert.All(named, name => Assert.Contains(name, tests));
            Assert.All(Storm().Matches(cell), match => Assert.Matches($"Name => .*{Regex.Escape(match.Groups[1].Value)}", storms));
        });
    }

    private static string[] Files(string folder, string pattern) =>
        Directory.GetFiles(Path.Combine(Repository.Root, "tests", folder), pattern, SearchOption.AllDirectories);

    [GeneratedRegex("`([A-Za-z]+)`")]
    private static partial Regex Test();

    [GeneratedRegex("\"([^\"]+)\"")]
    private static partial Regex Storm();
}
