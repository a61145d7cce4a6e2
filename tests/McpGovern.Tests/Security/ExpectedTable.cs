using McpGovern.Tests.House;

namespace McpGovern.Tests.Security;

/// <summary>A table of the folder: a name, <c>|</c>, and a word for each column; lines that begin with <c>#</c> explain.</summary>
internal static class ExpectedTable
{
    public static IReadOnlyDictionary<string, string> Read(string file) =>
        File.ReadAllLines(Repository.File("tests", "McpGovern.Tests", "Security", file))
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[0], cells => Words(cells[1]));

    /// <summary>Fails with what differs, and with what has no row or no longer needs one.</summary>
    public static void Compare(IReadOnlyDictionary<string, string> expected, IReadOnlyDictionary<string, string> actual)
    {
        var wrong = actual.Where(row => expected.GetValueOrDefault(row.Key) != row.Value)
            .Select(row => $"{row.Key} | {row.Value}   (expected: {expected.GetValueOrDefault(row.Key, "no row")})")
            .Concat(expected.Keys.Except(actual.Keys).Select(name => $"{name} | is not there any more"));
        var differences = string.Join('\n', wrong);
        Assert.True(differences.Length == 0, $"\n{differences}");
    }

    private static string Words(string text) => string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
