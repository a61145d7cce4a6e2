namespace McpGovern.Calls;

/// <summary>What a caller sends along beside the arguments, in <c>_meta</c>: it goes upstream with them, and is shown and approved with them.</summary>
public static class SentMeta
{
    /// <summary>JSON text of an object with the members that are approved, each as it was written; <c>null</c> where there are none.</summary>
    /// <exception cref="FormatException">The text is no JSON object, or has a key twice.</exception>
    public static string? Of(string? meta)
    {
        var members = meta is null ? [] : CanonicalJson.Members(meta).Where(member => !IsOfOneHop(member.Name) && !IsTrace(member.Name, member.Json)).ToArray();
        return members.Length == 0 ? null : CanonicalJson.OfMembers(members);
    }

    /// <summary>Whether more is sent along than the name that a client has for its own try: that is for no server to act on, and within nobody's bounds.</summary>
    public static bool IsMoreThanAName(string? meta) => Of(meta) is { } sent && CanonicalJson.Members(sent).Any(member => !IsName(member.Name, member.Json));

    /// <summary>Whether a member binds a request to one hop, by its token or its era: minted for each hop anew, and never relayed.</summary>
    public static bool IsOfOneHop(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name == "progressToken" || name.StartsWith("io.modelcontextprotocol/", StringComparison.Ordinal);
    }

    // Claude Code gives one to each call: a grant that minded it would cover none of that client's.
    private static bool IsName(string name, string json) =>
        name == "claudecode/toolUseId" && json.Length is > 2 and <= 66 && json[0] == '"' && json[1..^1].All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    // Where in a trace the request stands: text that each try has another of. Anything else under these names is a payload like others.
    private static bool IsTrace(string name, string json) => name is "traceparent" or "tracestate" or "baggage" && json[0] == '"';
}
