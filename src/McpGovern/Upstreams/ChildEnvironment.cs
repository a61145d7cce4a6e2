namespace McpGovern.Upstreams;

/// <summary>The environment of an upstream's process: a handful of names and its own block, so that no secret of ours travels along.</summary>
internal static class ChildEnvironment
{
    private static readonly string[] Unix = ["HOME", "PATH", "USER", "SHELL", "TERM", "LANG", "TMPDIR"];

    private static readonly string[] Windows =
    [
        "APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "NUMBER_OF_PROCESSORS", "PATH", "PATHEXT", "PROCESSOR_ARCHITECTURE",
        "PROGRAMDATA", "PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE", "WINDIR",
    ];

    public static Dictionary<string, string> Build(IReadOnlyDictionary<string, string> block)
    {
        var ignoreCase = OperatingSystem.IsWindows();
        var environment = new Dictionary<string, string>(ignoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (var name in ignoreCase ? Windows : Unix)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                environment[name] = value;
        }

        // Ours hold the store's password and everybody's keys: not even a block may pass them on.
        foreach (var (name, value) in block)
        {
            if (!name.StartsWith("MCPGOVERN_", StringComparison.OrdinalIgnoreCase))
                environment[name] = value;
        }

        return environment;
    }
}
