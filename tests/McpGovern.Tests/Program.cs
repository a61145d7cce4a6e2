using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests;

/// <summary>Lets the tests start this assembly again, as a process of its own.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is not ["fake-upstream", .. var options])
        {
            await Console.Error.WriteLineAsync("usage: fake-upstream [options]; see FakeUpstream");
            return 2;
        }

        return await new FakeUpstream(FakeUpstreamOptions.Parse(options)).RunAsync();
    }
}
