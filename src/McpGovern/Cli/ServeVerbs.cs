using System.CommandLine;
using McpGovern.Server;
using McpGovern.Settings;
using McpGovern.Storage;

namespace McpGovern.Cli;

/// <summary>The verbs that serve agents.</summary>
internal static class ServeVerbs
{
    public static Command Stdio()
    {
        var command = new Command("stdio", "Serve one MCP client over stdin and stdout") { SharedOptions.As, SharedOptions.Settings, SharedOptions.Store, SharedOptions.Hold };
        command.SetAction((parsed, ct) => StdioAsync(Load(parsed), parsed, ct));
        return command;
    }

    /// <summary>The whole life of a process that serves one client with these settings, of which there are none where they are faulty.</summary>
    public static Task<int> StdioAsync(GovernSettings? settings, ParseResult parsed, CancellationToken ct) =>
        WithDoorsAsync(settings, LogLevel.Warning, doors => StdioAsync(doors, parsed.GetValue(SharedOptions.As)), ct);

    public static Command Serve()
    {
        var command = new Command("serve", "Serve MCP clients, REST and health checks over HTTP")
        {
            SharedOptions.Listen, SharedOptions.LegacySse, SharedOptions.InsecureHttp, SharedOptions.Settings, SharedOptions.Store, SharedOptions.Hold,
        };
        command.SetAction((parsed, ct) => WithDoorsAsync(Load(parsed), LogLevel.Information, doors => HttpAsync(doors, ct), ct));
        return command;
    }

    private static async Task<int> StdioAsync(Doors doors, string? name)
    {
        var life = new StdioLife(TimeProvider.System);
        // A client waits two seconds for our end, and what is under way has had its grace by then.
        doors.Gateway.Grace = TimeSpan.FromMilliseconds(100);
        doors.Gateway.Serve(() => life.MayClaim);
        _ = doors.Gateway.Refused.ContinueWith(_ => life.End(), TaskScheduler.Default);
        await new StdioServe(doors.Mcp, doors.Live, life, Composition.MaxMessageBytes(doors.Settings), doors.Logs.CreateLogger<StdioServe>()).RunAsync(
            StdioActor.From(name, Composition.Actors(doors.Settings), Environment.UserName), Console.OpenStandardInput(), StdioServe.TakeStdout());
        return await CodeAsync(doors.Gateway);
    }

    private static async Task<int> HttpAsync(Doors doors, CancellationToken ct)
    {
        var options = Composition.Http(doors.Settings) with { HasOtherCredentials = await Composition.HasOtherCredentialsAsync(doors.Settings, doors.Gateway, ct) };
        if (options.WhyNot() is { } why)
        {
            await Console.Error.WriteLineAsync(why);
            return 2;
        }

        try
        {
            var authenticator = await Composition.AuthenticatorAsync(options, doors.Settings, doors.Gateway, doors.Logs, ct);
            await using var http = await HttpServe.StartAsync(options, authenticator, doors.Gateway, doors.Mcp, doors.Live,
                async stop => await doors.Gateway.Store.CountPendingAsync(doors.Settings.Scope, "", stop), TimeProvider.System, doors.Logs, ct);
            doors.Gateway.Serve(() => true);
            await Task.WhenAny(http.Stopped, doors.Gateway.Refused);
            return await CodeAsync(doors.Gateway);
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync($"listen: {doors.Settings.Listen} cannot be used: {e.Message}; write another address or end the process that has it");
            return 2;
        }
    }

    private static GovernSettings? Load(ParseResult parsed) =>
        Composition.Load(parsed.GetValue(SharedOptions.Settings), SharedOptions.Flags(parsed), settingsNeeded: true);

    private static async Task<int> WithDoorsAsync(GovernSettings? settings, LogLevel level, Func<Doors, Task<int>> serve, CancellationToken ct)
    {
        if (settings is null)
        {
            return 2;
        }

        using var logs = Composition.Logs(level);
        await using var gateway = Composition.Gateway(settings, logs);
        try
        {
            await gateway.OpenAsync(ct);
        }
        catch (StoreRefusedException e)
        {
            return await RefuseAsync(e.Message);
        }
        catch (StoreUnavailableException e)
        {
            // It may come back: until then calls are refused, and nothing goes upstream.
            logs.CreateLogger("McpGovern").StoreAway(e.Message);
        }

        using var live = new LiveConnections(gateway, logs.CreateLogger<LiveConnections>());
        var own = new OwnTools(gateway, TimeProvider.System, () => Composition.RulesNameAgents(gateway.Policy));
        return await serve(new(gateway, settings, live, new McpFrontDoor(gateway, own, logs.CreateLogger<McpFrontDoor>()), logs));
    }

    private static async Task<int> CodeAsync(Gateway gateway) => gateway.Refused.IsCompleted ? await RefuseAsync(await gateway.Refused) : 0;

    private static async Task<int> RefuseAsync(string why)
    {
        await Console.Error.WriteLineAsync($"store: {why}");
        return 2;
    }

    private sealed record Doors(Gateway Gateway, GovernSettings Settings, LiveConnections Live, McpFrontDoor Mcp, ILoggerFactory Logs);
}
