using McpGovern.Server;

namespace McpGovern.Cli;

/// <summary>How this very program is started again.</summary>
internal static class OwnCommand
{
    public static (string Program, string[] Args) Line(params IEnumerable<string> arguments)
    {
        var host = Environment.ProcessPath!;
        // An assembly in a single file has no location; its folder is known always.
        return (host, IsDotnet(host) ? [Path.Combine(AppContext.BaseDirectory, "McpGovern.dll"), .. arguments] : [.. arguments]);
    }

    /// <summary>The line that a client is to keep.</summary>
    public static (string Program, string[] Args) LineToKeep(params IEnumerable<string> arguments) =>
        LineToKeep(Environment.ProcessPath!, AppContext.BaseDirectory, McpFrontDoor.Version, arguments) ?? Line(arguments);

    /// <summary>Null unless <c>dnx</c> started it: that keeps programs in a package cache, which may be emptied.</summary>
    internal static (string Program, string[] Args)? LineToKeep(string host, string folder, string version, IEnumerable<string> arguments) =>
        IsDotnet(host) && folder.Replace('\\', '/').TrimEnd('/').EndsWith($"/mcpgovern/{version}/tools/net10.0/any", StringComparison.OrdinalIgnoreCase)
            ? ("dnx", [$"McpGovern@{version}", "--yes", "--", .. arguments])
            : null;

    private static bool IsDotnet(string host) => Path.GetFileNameWithoutExtension(host) == "dotnet";
}
