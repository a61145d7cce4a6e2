using McpGovern.Tests.Clients.Fixture;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Storage;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests;

/// <summary>Lets the tests start this assembly again, as a process of its own.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["fake-upstream", .. var options]:
                return await new FakeUpstream(FakeUpstreamOptions.Parse(options)).RunAsync();
            case ["hold-upstream", var tool, .. var options]:
                // A gateway in the middle of a call, or after it, for a test to kill.
                await using (var host = new UpstreamHost(FakeUpstreamOptions.Config("fake", options)))
                {
                    await Console.Out.WriteLineAsync(await host.TextAsync(tool));
                    await Task.Delay(Timeout.Infinite);
                }

                return 0;
            case ["guard-group", var released]:
                // A gateway whose one child has ended and whose other has not, for a test to kill.
                var watched = System.Diagnostics.Process.Start("setsid", ["sleep", "600"]);
                Watchdog.Guard(int.Parse(released, null), "setsid");
                Watchdog.Guard(watched.Id, "setsid");
                Watchdog.Release(int.Parse(released, null));
                await Console.Out.WriteLineAsync($"{watched.Id}");
                await Task.Delay(Timeout.Infinite);
                return 0;
            case ["store-writer", .. var options]:
                return await StoreWriter.RunAsync(options);
            case ["hasty-stdio", var early, var settings, var hold]:
                return await HastyStdio.RunAsync(early, settings, hold);
            case ["conformance-upstream", "http", var port, .. var options]:
                return await new FixtureHttp(FixtureServer.For(options, sleeps: false), FixtureServer.Option(options, "--away")).RunAsync(int.Parse(port, null));
            case ["conformance-upstream", .. var options]:
                return await FixtureServer.For(options).RunAsync();
            default:
                await Console.Error.WriteLineAsync("usage: fake-upstream | hold-upstream | guard-group | store-writer | hasty-stdio | conformance-upstream, each with its options");
                return 2;
        }
    }
}
