using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>A program that launches MCP servers, and where it keeps them: a further one is a further row.</summary>
/// <param name="Key">The block of servers in its file.</param>
/// <param name="Project">From the working directory, on every system.</param>
internal sealed record Client(string Name, string Key, string[] Project, string[] Linux, string[] Mac, string[] Windows)
{
    public static readonly IReadOnlyList<Client> All =
    [
        new("claude-desktop", "mcpServers", [],
            ["~/.config/Claude/claude_desktop_config.json", "~/.config/claude/claude_desktop_config.json"],
            ["~/Library/Application Support/Claude/claude_desktop_config.json"],
            ["%APPDATA%/Claude/claude_desktop_config.json"]),
        new("claude-code", "mcpServers", [".mcp.json"], ["~/.claude.json"], ["~/.claude.json"], ["~/.claude.json"]),
        new("cursor", "mcpServers", [".cursor/mcp.json"], ["~/.cursor/mcp.json"], ["~/.cursor/mcp.json"], ["~/.cursor/mcp.json"]),
        new("vscode", "servers", [".vscode/mcp.json"],
            ["~/.config/Code/User/mcp.json"],
            ["~/Library/Application Support/Code/User/mcp.json"],
            ["%APPDATA%/Code/User/mcp.json"]),
        new("gemini", "mcpServers", [".gemini/settings.json"], ["~/.gemini/settings.json"], ["~/.gemini/settings.json"], ["~/.gemini/settings.json"]),
    ];

    /// <summary>Where its file can be: the project's first, as the client itself prefers it.</summary>
    public IEnumerable<string> Places(SettingsSources sources)
    {
        var home = sources.Environment.GetValueOrDefault("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var users = OperatingSystem.IsWindows() ? Windows : OperatingSystem.IsMacOS() ? Mac : Linux;
        return Project.Concat(users).Select(place => Path.GetFullPath(
            place.Replace("~", home, StringComparison.Ordinal).Replace("%APPDATA%", sources.Environment.GetValueOrDefault("APPDATA"), StringComparison.Ordinal),
            sources.WorkingDirectory));
    }
}
