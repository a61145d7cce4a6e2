using McpGovern.Tests.Clients.Fixture;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Storage;
using McpGovern.Tests.Upstreams.Fakes;

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
            case ["hold-upstream", .. var options]:
                // A gateway in the middle of a call, for a test to kill.
                await using (var host = new UpstreamHost(FakeUpstreamOptions.Config("fake", options)))
                    await host.CallAsync("lasting", timeout: TimeSpan.FromMinutes(5));
                return 0;
            case ["store-writer", .. var options]:
                return await StoreWriter.RunAsync(options);
            case ["hasty-stdio", var early, var settings, var hold]:
                return await HastyStdio.RunAsync(early, settings, hold);
            case ["conformance-upstream", "http", var port, .. var options]:
                return await new FixtureHttp(FixtureServer.For(options, sleeps: false)).RunAsync(int.Parse(port, null));
            case ["conformance-upstream", .. var options]:
                return await FixtureServer.For(options).RunAsync();
            default:
                await Console.Error.WriteLineAsync("usage: fake-upstream | hold-upstream | store-writer | hasty-stdio | conformance-upstream, each with its options");
                return 2;
        }
    }
}
