namespace McpGovern.Upstreams;

/// <summary>
/// The environment of an upstream's process: a handful of names and its own block, so that no secret of ours travels along. A server
/// that <c>wrap</c> stands in front of has all that its client gave it, since that came to us instead.
/// </summary>
internal static class ChildEnvironment
{
    /// <summary>What every process has: no secret of anybody's.</summary>
    public static bool IsUsual(string name) => Unix.Contains(name, StringComparer.Ordinal) || Windows.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static readonly string[] Unix = ["HOME", "PATH", "USER", "SHELL", "TERM", "LANG", "TMPDIR"];

    private static readonly string[] Windows =
    [
        "APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "NUMBER_OF_PROCESSORS", "PATH", "PATHEXT", "PROCESSOR_ARCHITECTURE",
        "PROGRAMDATA", "PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE", "WINDIR",
    ];

    public static Dictionary<string, string> Build(UpstreamConfig config)
    {
        var ignoreCase = OperatingSystem.IsWindows();
        var environment = new Dictionary<string, string>(ignoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (var name in config.InheritsEnvironment ? OwnNames() : ignoreCase ? Windows : Unix)
        {
            if (!IsOurs(name) && Environment.GetEnvironmentVariable(name) is { } value)
                environment[name] = value;
        }

        foreach (var (name, value) in config.Env)
        {
            if (!IsOurs(name))
                environment[name] = value;
        }

        return environment;
    }

    // Ours hold the store's password and everybody's keys: not even a block may pass them on.
    public static bool IsOurs(string name) => name.StartsWith("MCPGOVERN_", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> OwnNames() => Environment.GetEnvironmentVariables().Keys.Cast<string>();
}
