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
    /// A name as people write it: the governed name, whose bare tool name is what follows the first dot.
    /// A file alone does not know how many upstreams there are; one is assumed, so that bare names are tried.
    /// </summary>
    public static PolicyCall Named(string name, string argumentsJson, bool onlyUpstream = true) =>
        name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && dot < name.Length - 1
            ? new(name[..dot], name[(dot + 1)..], argumentsJson, onlyUpstream)
            : new("", name, argumentsJson, onlyUpstream);
}

/// <summary>How tools are named where policy speaks of them.</summary>
public static class ToolName
{
    public static string Governed(string server, string tool) => server.Length == 0 ? tool : $"{server}.{tool}";

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
