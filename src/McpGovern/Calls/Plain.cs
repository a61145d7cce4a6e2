namespace McpGovern.Calls;

/// <summary>Words from outside that go into events.</summary>
internal static class Plain
{
    private const int MaxLength = 2048;

    /// <summary>Without characters that a database refuses, and of bounded length.</summary>
    public static string Text(string text) =>
        string.Concat(text.Take(MaxLength).Select(c => c == '\0' || char.IsSurrogate(c) ? '\uFFFD' : c));
}
