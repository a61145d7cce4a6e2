using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>A release of the official conformance suite, which writes down every check of every scenario that it runs.</summary>
/// <param name="script">The release's program.</param>
/// <param name="all">What selects its scenarios.</param>
/// <param name="alone">What a scenario needs besides its name to be run alone.</param>
internal sealed partial class ConformanceSuite(string script, string[] all, string[] alone)
{
    public string[] All => all;

    public string[] Only(string scenario) => ["--scenario", scenario, .. alone];

    public async Task<IReadOnlyList<ConformanceCheck>> RunAsync(string node, Uri server, string[] selection)
    {
        using var folder = new TempFolder();
        var written = folder.File("out");
        await using var process = new ChildProcess(
            node, [script, "server", "--url", server.ToString(), "-o", written, .. selection], workingDirectory: folder.Path);
        var finished = await process.EndAsync(limit: TimeSpan.FromMinutes(8));
        Assert.True(Directory.Exists(written), finished.ToString());
        return [.. Directory.EnumerateDirectories(written).Order(StringComparer.Ordinal).SelectMany(Read)];
    }

    private static IEnumerable<ConformanceCheck> Read(string folder)
    {
        var scenario = OutputFolder().Match(Path.GetFileName(folder)).Groups["scenario"].Value;
        var file = Path.Combine(folder, "checks.json");
        // A scenario that ran out of time leaves nothing behind.
        return File.Exists(file)
            ? JsonNode.Parse(File.ReadAllText(file))!.AsArray().Select(check => new ConformanceCheck(
                scenario, (string)check!["id"]!, (string)check["status"]!, (string?)check["errorMessage"]))
            : [new ConformanceCheck(scenario, "ran", "FAILURE", "it left no checks")];
    }

    [GeneratedRegex(@"^server-(?<scenario>.+)-\d{4}-\d\d-\d\dT")]
    private static partial Regex OutputFolder();
}
