using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>The public Inspector's command line: one operation per run.</summary>
internal static class InspectorCli
{
    /// <summary>Its exit code for a tool that answered with <c>isError</c>.</summary>
    public const int ToolError = 5;

    public static async Task<Finished> RunAsync(TempFolder home, ClientTarget target, params IEnumerable<string> operation)
    {
        var node = await NodeTools.RequireAsync();
        string[] where = target.Url is { } url
            ? ["--transport", "http", "--server-url", url.ToString(), .. (target.Headers ?? new Dictionary<string, string>()).SelectMany(header => new[] { "--header", $"{header.Key}: {header.Value}" })]
            : ["--", target.Command!, .. target.Args!];
        await using var process = new ChildProcess(
            node,
            [NodeTools.Inspector, "--cli", .. operation, "--format", "json", .. where],
            new Dictionary<string, string?> { ["HOME"] = home.Path });
        return await process.EndAsync(limit: TimeSpan.FromSeconds(120));
    }

    /// <summary>As a client's own file has the server, which is where it can be told its revision and transport.</summary>
    public static async Task<Finished> RunFromFileAsync(ClientTarget target, params IEnumerable<string> operation)
    {
        var node = await NodeTools.RequireAsync();
        using var home = new TempFolder();
        var file = home.WriteJson("clients.json", new { mcpServers = new { gateway = target with { Type = target.Type ?? "stdio" } } });
        await using var process = new ChildProcess(
            node, [NodeTools.Inspector, "--cli", "--config", file, "--server", "gateway", .. operation, "--format", "json"],
            new Dictionary<string, string?> { ["HOME"] = home.Path });
        return await process.EndAsync(limit: TimeSpan.FromSeconds(120));
    }

    /// <summary>The first generation, which knows no revision to choose.</summary>
    public static async Task<Finished> RunOldAsync(ClientTarget target, params IEnumerable<string> operation)
    {
        var node = await NodeTools.RequireAsync();
        using var home = new TempFolder();
        await using var process = new ChildProcess(
            node, [
                NodeTools.OldInspector, target.Url!.ToString(), "--transport", target.Type == "sse" ? "sse" : "http", .. operation,
                .. target.Headers!.SelectMany(header => new[] { "--header", $"{header.Key}: {header.Value}" }),
            ],
            new Dictionary<string, string?> { ["HOME"] = home.Path });
        return await process.EndAsync(limit: TimeSpan.FromSeconds(120));
    }

    public static Task<Finished> CallAsync(TempFolder home, ClientTarget target, string tool, params IEnumerable<string> arguments) =>
        RunAsync(home, target, ["--method", "tools/call", "--tool-name", tool, .. arguments.SelectMany(argument => new[] { "--tool-arg", argument })]);
}
