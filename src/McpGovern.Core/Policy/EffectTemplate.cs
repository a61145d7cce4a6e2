namespace McpGovern.Policy;

/// <summary>The form of an <c>effect</c>: text with argument paths in braces.</summary>
public static class EffectTemplate
{
    public static bool IsWellFormed(string template) => Parse(template) is not null;

    /// <summary>Literal text and paths in turn, or <c>null</c> where the text is no template.</summary>
    internal static IReadOnlyList<(string Literal, ArgumentPath? Path)>? Parse(string template)
    {
        var parts = new List<(string, ArgumentPath?)>();
        var rest = template.AsSpan();
        while (rest.IndexOfAny('{', '}') is >= 0 and var open)
        {
            var close = rest[open..].IndexOf('}');
            if (rest[open] != '{' || close < 2 || ArgumentPath.Parse(rest[(open + 1)..(open + close)].ToString()) is not { } path)
                return null;
            parts.Add((rest[..open].ToString(), path));
            rest = rest[(open + close + 1)..];
        }
        if (!rest.IsEmpty)
            parts.Add((rest.ToString(), null));
        return parts.Count > 0 ? parts : null;
    }
}
