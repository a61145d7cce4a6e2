using System.CommandLine;
using McpGovern.Server;
using McpGovern.Settings;
using McpGovern.Storage;

namespace McpGovern.Cli;

/// <summary>The verbs that serve agents.</summary>
internal static class ServeVerbs
{
    private static readonly Option<string?> As = new("--as") { Description = "Whom this launch speaks for (default: agent:stdio@ and the operating-system user)", HelpName = "NAME" };

    public static Command Stdio()
    {
        var command = new Command("stdio", "Serve one MCP client over stdin and stdout") { As, SharedOptions.Settings, SharedOptions.Store, SharedOptions.Hold };
        command.SetAction((parsed, ct) => WithGatewayAsync(parsed, LogLevel.Warning, (gateway, settings, logs) => StdioAsync(gateway, settings, logs, parsed.GetValue(As)), ct));
        return command;
    }

    private static async Task<int> StdioAsync(Gateway gateway, GovernSettings settings, ILoggerFactory logs, string? name)
    {
        var actors = Composition.Actors(settings);
        var actor = StdioActor.From(name, actors, Environment.UserName);
        using var live = new LiveConnections(gateway.Tools, logs.CreateLogger<LiveConnections>());
        var life = new StdioLife(TimeProvider.System);
        var own = new OwnTools(gateway, TimeProvider.System, () => Composition.RulesNameAgents(gateway.Policy));
        var door = new McpFrontDoor(gateway, own, logs.CreateLogger<McpFrontDoor>());
        gateway.Serve(() => life.MayClaim);
        await new StdioServe(door, live, life, Composition.MaxMessageBytes(settings), logs.CreateLogger<StdioServe>())
            .RunAsync(actor, Console.OpenStandardInput(), StdioServe.TakeStdout());
        return 0;
    }

    private static async Task<int> WithGatewayAsync(ParseResult parsed, LogLevel level, Func<Gateway, GovernSettings, ILoggerFactory, Task<int>> serve, CancellationToken ct)
    {
        if (Composition.Load(parsed.GetValue(SharedOptions.Settings), SharedOptions.Flags(parsed), settingsNeeded: true) is not { } settings)
        {
            return 2;
        }

        using var logs = Composition.Logs(level);
        await using var gateway = Composition.Gateway(settings, logs);
        try
        {
            await gateway.OpenAsync(ct);
        }
        catch (StoreUnavailableException e)
        {
            // It may come back: until then calls are refused, and nothing goes upstream.
            logs.CreateLogger("McpGovern").StoreAway(e.Message);
        }

        return await serve(gateway, settings, logs);
    }
}
