using System.Globalization;
using System.Text;
using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Benchmarks;

/// <summary>An allowed call of a pinned tool from the door to its answer, beside the same with <c>pins: off</c>.</summary>
internal static class PinsBenchmark
{
    private const int Operations = 100;

    public static async Task<int> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("mcpgovern-bench-").FullName;
        try
        {
            await using var with = await StartAsync(folder, PinEffect.Approve);
            await using var without = await StartAsync(folder, PinEffect.Off);
            var (ours, theirs, ratio) = await Interleaved.RunAsync(Operations, n => CallAsync(with, n), n => CallAsync(without, n));
            Console.WriteLine("| pins | allowed call, µs | with pins: off, µs | ratio |");
            Console.WriteLine("|---|---|---|---|");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| approve | {ours:0} | {theirs:0} | {ratio:0.00} |"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static async Task<Gateway> StartAsync(string folder, PinEffect pins)
    {
        var (time, logs, command) = (TimeProvider.System, NullLoggerFactory.Instance, EchoUpstream.CommandLine);
        var policy = PolicySet.Create([PolicyFileReader.Read(Encoding.UTF8.GetBytes("default: allow"), "bench.yaml").File!]);
        var upstream = new UpstreamConfig("echo", "echo", "stdio", command[0], command[1..], new Dictionary<string, string>(), folder, null, new Dictionary<string, string>());
        var gateway = new Gateway(
            CallStores.Open($"sqlite:{Path.Combine(folder, $"{pins}.db")}", time, logs), new PolicySource(policy, [], time), new UpstreamSet([upstream], new UpstreamLimits(), time, logs),
            new GatewayOptions("bench", TimeSpan.Zero, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1), new CallLimits(1000, 8 << 20, 1 << 20), 16 << 20) { Pins = pins }, time, logs);
        await gateway.OpenAsync(CancellationToken.None);
        gateway.Serve(() => true);
        return gateway;
    }

    private static async Task CallAsync(Gateway gateway, int times)
    {
        var actor = new Actor("agent:bench", "key:bench", "key");
        for (var i = 0; i < times; i++)
        {
            if (await gateway.Calls.HandleAsync(new ToolCallRequest(actor, "echo", "{}"), CancellationToken.None) is not CallAnswer.Result { Json: var json } || json.Span.IndexOf("isError\":true"u8) >= 0)
            {
                throw new InvalidOperationException("the call did not run");
            }
        }
    }
}
