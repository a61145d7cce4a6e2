namespace McpGovern.Policy;

/// <summary>What policy compares: the name of a tool, or an address or name behind the word that says what it is of.</summary>
public static class PolicyName
{
    public const string Resource = "resource:", Prompt = "prompt:";

    /// <summary>The prefix, or nothing for a tool.</summary>
    public static string KindOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(Resource, StringComparison.Ordinal) ? Resource : name.StartsWith(Prompt, StringComparison.Ordinal) ? Prompt : "";
    }

    /// <summary>
    /// Whether a pattern speaks of the name: only where both are of one kind, so that no <c>*</c> over tools opens or closes a resource.
    /// One resource has many addresses (escapes, dots): a gate matches by any of them, a permission only where it does by all.
    /// </summary>
    /// <param name="permits">The pattern is a permission's.</param>
    internal static bool Fits(string pattern, string name, bool ignoreCase, bool permits)
    {
        if (KindOf(pattern) != KindOf(name))
            return false;
        var asWritten = Glob.IsMatch(pattern, name, ignoreCase);
        return asWritten == permits && KindOf(name) == Resource
            ? Glob.IsMatch(Plain(pattern), Plain(name), ignoreCase)
            : asWritten;
    }

    /// <summary>The address without escapes, and with <c>.</c> and <c>..</c> taken out of its path.</summary>
    internal static string Plain(string uri)
    {
        var text = Unescaped(uri).Replace('\\', '/');
        var authority = text.IndexOf("://", StringComparison.Ordinal);
        var root = text.IndexOf('/', authority < 0 ? 0 : authority + "://".Length);
        if (root < 0)
            return text;
        var path = new List<string>();
        foreach (var part in text[(root + 1)..].Split('/'))
        {
            if (part == ".." && path.Count > 0)
                path.RemoveAt(path.Count - 1);
            else if (part is not ("." or ".."))
                path.Add(part);
        }
        return text[..(root + 1)] + string.Join('/', path);
    }

    // Some servers take escapes out twice.
    private static string Unescaped(string uri)
    {
        for (var round = 0; round < 3 && uri.Contains('%', StringComparison.Ordinal); round++)
            uri = Uri.UnescapeDataString(uri);
        return uri;
    }
}
