using McpGovern.Storage;
using McpGovern.Wire;

namespace McpGovern.Calls;

/// <summary>
/// What an agent says for itself about its call. It is a claim: recorded, shown to whoever decides apart from the facts and the arguments and
/// after them, and no part of what is approved.
/// </summary>
internal static class UnverifiedText
{
    /// <summary>The member of a request's <c>_meta</c> that it comes in.</summary>
    public const string Key = "mcpgovern/justification";

    public const string Title = "Unverified text from the agent";

    /// <summary>In UTF-16 units, as texts are counted in JSON's own language.</summary>
    public const int MaxLength = 2000;

    private static readonly string Unstorable = $"must be a string of at most {MaxLength} characters, without U+0000 and halves of surrogate pairs";

    /// <param name="text"><c>null</c> also of a string that .NET cannot hold.</param>
    public static string? WhyNot(bool isString, string? text) => text switch
    {
        _ when !isString => $"must be a string of at most {MaxLength} characters",
        { Length: > MaxLength } => $"has {text.Length} characters; at most {MaxLength} are taken",
        null => Unstorable,
        _ => StorableText.IsStorable(text) ? null : Unstorable,
    };

    /// <summary>For a place that shows lines: set in behind a bar that no line of it can leave.</summary>
    public static string Block(string text) => $"{Title}:\n{string.Join('\n', Shown(text).Split('\n').Select(line => $"    | {line}"))}";

    /// <summary>For a place that has one line for it.</summary>
    public static string Line(string text) => $"{Title}: {VisibleJson.Line(text)}";

    /// <summary>For a box of its own.</summary>
    public static string Shown(string text) => VisibleJson.Lines(text);
}
