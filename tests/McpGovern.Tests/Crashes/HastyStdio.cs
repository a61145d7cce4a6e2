using McpGovern.Calls;
using McpGovern.Cli;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging;

namespace McpGovern.Tests.Crashes;

/// <summary>The negative control as a program, <c>hasty-stdio EVENT SETTINGS HOLD</c>: all of the product's <c>stdio</c> over a <see cref="HastyStore"/>.</summary>
internal static class HastyStdio
{
    public static async Task<int> RunAsync(string early, string settingsFile, string hold)
    {
        var settings = Composition.Load(settingsFile, new Dictionary<string, string> { ["hold"] = hold }, settingsNeeded: true)!;
        var time = TimeProvider.System;
        using var logs = Composition.Logs(LogLevel.Warning);
        await using var gateway = new Gateway(
            new HastyStore(CallStores.Open(settings.Store, time, logs), early),
            new PolicySource(settings.Policy, settings.PolicyInputs, time),
            new UpstreamSet(settings.Upstreams, new UpstreamLimits(), time, logs),
            new GatewayOptions(settings.Scope, settings.Hold, settings.CallTimeout, settings.Retention, new CallLimits(1000, 1 << 20, 1 << 20), 1 << 20),
            time, logs);
        await gateway.OpenAsync(default);
        using var live = new LiveConnections(gateway, logs.CreateLogger<LiveConnections>());
        var door = new McpFrontDoor(gateway, new OwnTools(gateway, time, () => false), logs.CreateLogger<McpFrontDoor>());
        var life = new StdioLife(time);
        gateway.Serve(() => life.MayClaim);
        await new StdioServe(door, live, life, 1 << 20, logs.CreateLogger<StdioServe>())
            .RunAsync(StdioActor.From(CrashWorld.Agent, [], "test"), Console.OpenStandardInput(), StdioServe.TakeStdout());
        return 0;
    }
}
