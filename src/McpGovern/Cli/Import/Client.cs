using McpGovern.Settings;

namespace McpGovern.Cli;

internal enum Platform
{
    Linux,
    Mac,
    Windows,
}

/// <summary>A block of servers that a client may have.</summary>
/// <param name="Within">The keys above the block, where one file has the blocks of several projects.</param>
/// <param name="Keys">What the block may be called.</param>
internal sealed record ClientPlace(string Client, string Path, IReadOnlyList<string> Within, IReadOnlyList<string> Keys);

/// <summary>A program that launches MCP servers, and where it keeps them: a further one is a further row.</summary>
/// <param name="Key">The block of servers in its file.</param>
/// <param name="Project">From the working directory, on every system.</param>
internal sealed record Client(string Name, string Key, string[] Project, string[] Linux, string[] Mac, string[] Windows)
{
    public static readonly IReadOnlyList<Client> All =
    [
        new("claude-desktop", "mcpServers", [],
            ["%CONFIG%/Claude/claude_desktop_config.json", "%CONFIG%/claude/claude_desktop_config.json"],
            ["~/Library/Application Support/Claude/claude_desktop_config.json"],
            ["%APPDATA%/Claude/claude_desktop_config.json"]),
        new("claude-code", "mcpServers", [".mcp.json"], ["~/.claude.json"], ["~/.claude.json"], ["~/.claude.json"]) { PerProject = "~/.claude.json" },
        new("cursor", "mcpServers", [".cursor/mcp.json"], ["~/.cursor/mcp.json"], ["~/.cursor/mcp.json"], ["~/.cursor/mcp.json"]),
        new("vscode", "servers", [".vscode/mcp.json"],
            ["%CONFIG%/Code/User/mcp.json"],
            ["~/Library/Application Support/Code/User/mcp.json"],
            ["%APPDATA%/Code/User/mcp.json"]),
        new("visualstudio", "servers", [".vs/mcp.json"], [], [], ["~/.mcp.json"]),
        new("gemini", "mcpServers", [".gemini/settings.json"], ["~/.gemini/settings.json"], ["~/.gemini/settings.json"], ["~/.gemini/settings.json"]),
    ];

    /// <summary>A file with one block per project, under <c>projects</c> and the project's folder.</summary>
    public string? PerProject { get; init; }

    public static Platform Here => OperatingSystem.IsWindows() ? Platform.Windows : OperatingSystem.IsMacOS() ? Platform.Mac : Platform.Linux;

    /// <summary>Where its servers can be: the project's first, as the client itself prefers them.</summary>
    public IEnumerable<ClientPlace> Places(SettingsSources sources, Platform platform)
    {
        if (PerProject is not null && Full(PerProject) is { } shared)
        {
            var folder = platform == Platform.Windows ? sources.WorkingDirectory.Replace('\\', '/') : sources.WorkingDirectory;
            yield return new(Name, shared, ["projects", folder], [Key]);
        }

        var users = platform switch { Platform.Windows => Windows, Platform.Mac => Mac, _ => Linux };
        foreach (var path in Project.Concat(users).Select(Full).OfType<string>())
        {
            yield return new(Name, path, [], [Key]);
        }

        // Null where the folder that it begins with is not known.
        string? Full(string place)
        {
            var (begin, rest) = place.Split('/', 2) is [var first and ("~" or "%CONFIG%" or "%APPDATA%"), var behind] ? (first, behind) : ("", place);
            var root = begin switch
            {
                "~" => Home(sources, platform),
                "%APPDATA%" => sources.Environment.GetValueOrDefault("APPDATA"),
                "%CONFIG%" => sources.Environment.GetValueOrDefault("XDG_CONFIG_HOME") is { Length: > 0 } config ? config : Path.Combine(Home(sources, platform), ".config"),
                _ => sources.WorkingDirectory,
            };
            return string.IsNullOrEmpty(root) ? null : Path.GetFullPath(Path.Combine(root, rest), sources.WorkingDirectory);
        }
    }

    private static string Home(SettingsSources sources, Platform platform) =>
        sources.Environment.GetValueOrDefault(platform == Platform.Windows ? "USERPROFILE" : "HOME") is { Length: > 0 } home
            ? home : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
