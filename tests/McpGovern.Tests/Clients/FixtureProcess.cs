using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>What the conformance suite is run against.</summary>
internal interface IConformanceTarget : IAsyncDisposable
{
    Uri Url { get; }
}

/// <summary>The conformance fixture over HTTP, with nothing between it and the suite.</summary>
internal sealed class FixtureProcess : IConformanceTarget
{
    private readonly ChildProcess _process;

    private FixtureProcess(ChildProcess process, int port)
    {
        _process = process;
        Url = new Uri($"http://127.0.0.1:{port}/mcp");
    }

    public Uri Url { get; }

    public static Task<IConformanceTarget> StartAsync(string era) => StartAsync(GovernProcess.FreePort(), era);

    public static async Task<IConformanceTarget> StartAsync(int port, params string[] options)
    {
        var (command, args) = ChildRole.CommandLine("conformance-upstream", ["http", $"{port}", .. options]);
        var process = new ChildProcess(command, args);
        await Eventually.TrueAsync(() => process.Output.Contains("ready", StringComparison.Ordinal), () => process.Errors);
        return new FixtureProcess(process, port);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
