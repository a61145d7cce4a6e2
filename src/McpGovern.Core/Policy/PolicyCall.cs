using McpGovern.Calls;

namespace McpGovern.Policy;

/// <summary>What policy looks at.</summary>
/// <param name="Server">The server's governed form: characters outside [A-Za-z0-9_-] are already <c>_</c>.</param>
/// <param name="Tool">The upstream's own name of the tool, never the advertised one.</param>
/// <param name="ArgumentsJson">A JSON object.</param>
/// <param name="OnlyUpstream">Exactly one upstream is configured, so that a bare tool name is unambiguous.</param>
public sealed record PolicyCall(string Server, string Tool, string ArgumentsJson, bool OnlyUpstream)
{
    public string GovernedName => ToolName.Governed(Server, Tool);

    /// <summary>
    /// A name as people write it: the governed name, whose bare name is what follows the first dot. What stands before the first dot of
    /// an address is a server only where it can be one's name. A file alone does not know how many upstreams there are; one is assumed,
    /// so that bare names are tried. A resource that nothing else is said of is asked for by its address.
    /// </summary>
    public static PolicyCall Named(string name, string argumentsJson, bool onlyUpstream = true)
    {
        var kind = PolicyName.KindOf(name);
        var rest = name[kind.Length..];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0 || dot == rest.Length - 1 || (kind.Length > 0 && ToolName.GovernedServer(rest[..dot]) != rest[..dot]))
            dot = -1;
        var bare = rest[(dot + 1)..];
        if (kind == PolicyName.Resource && argumentsJson == "{}")
            argumentsJson = $$"""{"uri":{{CanonicalJson.Quote(bare)}}}""";
        return new(dot < 0 ? "" : rest[..dot], kind + bare, argumentsJson, onlyUpstream);
    }
}

/// <summary>How tools are named where policy speaks of them.</summary>
public static class ToolName
{
    /// <summary><c>server.tool</c>, or <c>resource:server.uri</c> and <c>prompt:server.name</c>.</summary>
    public static string Governed(string server, string tool)
    {
        var kind = PolicyName.KindOf(tool);
        return server.Length == 0 ? tool : $"{kind}{server}.{tool[kind.Length..]}";
    }

    /// <summary>The form of a server's name in <c>server.tool</c>.</summary>
    public static string GovernedServer(string name) =>
        string.Create(name.Length, name, static (to, from) =>
        {
            for (var i = 0; i < from.Length; i++)
                to[i] = char.IsAsciiLetterOrDigit(from[i]) || from[i] is '_' or '-' ? from[i] : '_';
        });

    /// <summary>
    /// Only printable ASCII is compared: look-alike letters, invisible characters and line ends would let a tool slip past
    /// a gate that a reader of the policy believes to cover it.
    /// </summary>
    internal static bool IsComparable(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExceptInRange('!', '~');
}
