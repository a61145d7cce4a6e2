using System.Globalization;
using System.Text.RegularExpressions;

namespace McpGovern.Tests.House;

/// <summary>SECURITY.md's list of attacks keeps its word: each has a test, which is found by <c>--filter attack=S8</c>, or a sentence that says why not.</summary>
public sealed partial class AttackRowTests
{
    private const int Attacks = 50;

    private static readonly string Page = File.ReadAllText(Repository.File("SECURITY.md"));

    [Fact]
    public void Attack_OfTheList_HasATestOrAReason()
    {
        var rows = Enumerable.Range(1, Attacks).Select(n => string.Create(CultureInfo.InvariantCulture, $"S{n}")).ToArray();
        var (tested, untested) = (Tested().Keys.ToHashSet(), Untested());

        Assert.Empty(rows.Except(tested).Except(untested));
        Assert.Empty(untested.Intersect(tested));
        Assert.Empty(tested.Concat(untested).Except(rows));
    }

    [Fact]
    public void Attack_ThatIsTested_IsListedWithTheClassesThatDoIt()
    {
        var classes = Tested();
        foreach (var (row, cell) in TestedRows().Matches(Page).Select(match => (match.Groups[1].Value, match.Groups[2].Value)))
        {
            Assert.Equal((row, string.Join(", ", classes[row].Order(StringComparer.Ordinal))), (row, cell.Trim().Replace("`", "", StringComparison.Ordinal)));
            classes.Remove(row);
        }

        Assert.Empty(classes.Keys);
    }

    private static Dictionary<string, SortedSet<string>> Tested()
    {
        var rows = new Dictionary<string, SortedSet<string>>();
        foreach (var file in Repository.SourceFiles("tests"))
        {
            foreach (Match match in Marks().Matches(File.ReadAllText(Repository.File(file))))
            {
                rows.TryAdd(match.Groups[1].Value, new(StringComparer.Ordinal));
                rows[match.Groups[1].Value].Add(Path.GetFileNameWithoutExtension(file));
            }
        }

        return rows;
    }

    private static HashSet<string> Untested()
    {
        var section = Page[Page.IndexOf("### Not tested, because", StringComparison.Ordinal)..];
        return [.. UntestedRows().Matches(section).Select(match => match.Groups[1].Value)];
    }

    [GeneratedRegex("Trait\\(\"attack\", \"(S[0-9]+)\"\\)")]
    private static partial Regex Marks();

    // | S8 | the attack | `Class`, `Class` |
    [GeneratedRegex(@"^\| (S\d+) \|[^|]+\|([^|]+)\|$", RegexOptions.Multiline)]
    private static partial Regex TestedRows();

    // | S42 | why not |
    [GeneratedRegex(@"^\| (S\d+) \|[^|]+\|$", RegexOptions.Multiline)]
    private static partial Regex UntestedRows();
}
