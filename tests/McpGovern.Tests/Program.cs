using McpGovern.Tests.Storage;
using McpGovern.Tests.Upstreams.Fakes;

// The tests start this assembly again, as a process of its own.
switch (args)
{
    case ["store-writer", .. var rest]:
        return await StoreWriter.RunAsync(rest);
    case ["fake-upstream", .. var options]:
        return await new FakeUpstream(FakeUpstreamOptions.Parse(options)).RunAsync();
    case ["hold-upstream", .. var options]:
        // A gateway in the middle of a call, for a test to kill.
        await using (var host = new UpstreamHost(FakeUpstreamOptions.Config("fake", options)))
            await host.CallAsync("lasting", timeout: TimeSpan.FromMinutes(5));
        return 0;
    default:
        return 64;
}
