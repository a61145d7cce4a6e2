using McpGovern.Cli;
using McpGovern.Settings;

namespace McpGovern.Tests.Cli;

/// <summary>Where each client keeps its servers, on systems that these tests do not run on too.</summary>
public sealed class ClientPlaceTests
{
    public static TheoryData<string, string, string[]> Places => new()
    {
        { "claude-desktop", "Linux", ["/home/me/.config/Claude/claude_desktop_config.json", "/home/me/.config/claude/claude_desktop_config.json"] },
        { "claude-desktop", "Mac", ["/home/me/Library/Application Support/Claude/claude_desktop_config.json"] },
        { "claude-desktop", "Windows", ["/roaming/Claude/claude_desktop_config.json"] },
        { "claude-code", "Linux", ["/home/me/.claude.json|projects|/project", "/project/.mcp.json", "/home/me/.claude.json"] },
        { "claude-code", "Mac", ["/home/me/.claude.json|projects|/project", "/project/.mcp.json", "/home/me/.claude.json"] },
        { "claude-code", "Windows", ["/users/me/.claude.json|projects|/project", "/project/.mcp.json", "/users/me/.claude.json"] },
        { "cursor", "Mac", ["/project/.cursor/mcp.json", "/home/me/.cursor/mcp.json"] },
        { "cursor", "Windows", ["/project/.cursor/mcp.json", "/users/me/.cursor/mcp.json"] },
        { "vscode", "Linux", ["/project/.vscode/mcp.json", "/home/me/.config/Code/User/mcp.json"] },
        { "vscode", "Mac", ["/project/.vscode/mcp.json", "/home/me/Library/Application Support/Code/User/mcp.json"] },
        { "vscode", "Windows", ["/project/.vscode/mcp.json", "/roaming/Code/User/mcp.json"] },
        { "visualstudio", "Linux", ["/project/.vs/mcp.json"] },
        { "visualstudio", "Windows", ["/project/.vs/mcp.json", "/users/me/.mcp.json"] },
        { "gemini", "Windows", ["/project/.gemini/settings.json", "/users/me/.gemini/settings.json"] },
    };

    [Theory, MemberData(nameof(Places))]
    public void Places_OfAClient_AreThoseOfTheSystem(string client, string platform, string[] expected) =>
        Assert.Equal(expected, Of(client, platform, []));

    [Fact]
    public void Places_WithAnotherConfigurationFolder_FollowIt() =>
        Assert.Contains("/elsewhere/Code/User/mcp.json", Of("vscode", "Linux", new() { ["XDG_CONFIG_HOME"] = "/elsewhere" }));

    [Fact]
    public void Places_WithoutTheVariableOfTheirFolder_AreLeftOut() =>
        Assert.Equal(["/project/.vscode/mcp.json"], Of("vscode", "Windows", new() { ["APPDATA"] = "" }));

    private static IEnumerable<string> Of(string client, string platform, Dictionary<string, string> more)
    {
        var environment = new Dictionary<string, string> { ["HOME"] = "/home/me", ["USERPROFILE"] = "/users/me", ["APPDATA"] = "/roaming" };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return Client.All.Single(c => c.Name == client)
            .Places(new SettingsSources("/project", "/none", "/none", environment), Enum.Parse<Platform>(platform))
            .Select(place => string.Join('|', [place.Path, .. place.Within]));
    }
}
