using System.Text.RegularExpressions;
using McpGovern.Tests.House;

namespace McpGovern.Tests.Packaging;

internal sealed record ImageStep(string Instruction, string Arguments);

/// <summary>The Dockerfile, as far as it can be read without an engine.</summary>
internal static partial class ImageFile
{
    public static IReadOnlyList<ImageStep> Steps { get; } = Parse(File.ReadAllText(Repository.File("Dockerfile")));

    public static IEnumerable<ImageStep> BuildStage => Steps.Skip(1).TakeWhile(step => step.Instruction != "FROM");

    public static IEnumerable<ImageStep> FinalStage => Steps.Skip(BuildStage.Count() + 2);

    /// <summary>What a stage takes from the repository, and where it puts it.</summary>
    public static IEnumerable<(string Source, string Target)> Copies(IEnumerable<ImageStep> stage) =>
        from step in stage
        where step.Instruction == "COPY" && !step.Arguments.StartsWith("--", StringComparison.Ordinal)
        let words = step.Arguments.Split(' ')
        from source in words.SkipLast(1)
        select (source, words[^1]);

    public static IReadOnlyList<ImageStep> Parse(string text) =>
    [
        .. from line in Comment().Replace(text, "").Replace("\\\n", " ", StringComparison.Ordinal).Split('\n')
           where line.Trim().Length > 0
           let parts = line.Trim().Split(' ', 2)
           select new ImageStep(parts[0], Blanks().Replace(parts[1], " ").Trim()),
    ];

    [GeneratedRegex(@"^\s*#.*\n", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Blanks();
}
