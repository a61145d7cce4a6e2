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

    public static Task<Finished> CallAsync(TempFolder home, ClientTarget target, string tool, params IEnumerable<string> arguments) =>
        RunAsync(home, target, ["--method", "tools/call", "--tool-name", tool, .. arguments.SelectMany(argument => new[] { "--tool-arg", argument })]);
}
