namespace McpGovern.Policy;

/// <summary>The form of an <c>effect</c>: text with argument paths in braces.</summary>
internal static class EffectTemplate
{
    public static bool IsWellFormed(string template)
    {
        var rest = template.AsSpan();
        while (rest.IndexOfAny('{', '}') is >= 0 and var open)
        {
            var close = rest[open..].IndexOf('}');
            if (rest[open] != '{' || close < 2 || ArgumentPath.Parse(rest[(open + 1)..(open + close)].ToString()) is null)
                return false;
            rest = rest[(open + close + 1)..];
        }
        return template.Length > 0;
    }
}
