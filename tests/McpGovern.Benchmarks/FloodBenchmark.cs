using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace McpGovern.Benchmarks;

/// <summary>How long another actor's call takes to be parked while one key asks 50,000 times, beside the same while nobody else asks.</summary>
internal static class FloodBenchmark
{
    private const int Rounds = 10, Samples = 60, Others = 20;

    /// <param name="flood">How often the one key asks.</param>
    public static async Task<int> RunAsync(int flood = 50_000, int only = 0)
    {
        var folder = Directory.CreateTempSubdirectory("mcpgovern-bench-").FullName;
        try
        {
            Console.WriteLine("| at once | another's park, µs | during the flood, µs | ratio | worst round | refused by the cap | turned away (429) | parked | asked per second |");
            Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
            foreach (var atOnce in only > 0 ? [only] : (int[])[8, 64, 1024])
            {
                await RunAsync(Path.Combine(folder, $"{atOnce}"), atOnce, flood);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static async Task RunAsync(string folder, int atOnce, int times)
    {
        Directory.CreateDirectory(folder);
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        using var server = Start(Settings(folder), address);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        try
        {
            await UntilReadyAsync(http);
            var (answers, rounds, asked) = (new ConcurrentDictionary<string, int>(), new List<(double Before, double During)>(), new Stopwatch());
            await SampleAsync(http, Samples, () => true);
            for (var round = 0; round < Rounds; round++)
            {
                var before = await SampleAsync(http, Samples, () => true);
                asked.Start();
                // From a process of its own, so that it costs the others nothing in the client.
                var flood = FloodFromOutsideAsync(address, atOnce, times / Rounds, answers);
                var during = await SampleAsync(http, int.MaxValue, () => !flood.IsCompleted);
                await flood;
                asked.Stop();
                rounds.Add((Median(before), Median(during)));
            }

            var ratios = rounds.Select(round => round.During / round.Before).ToArray();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {atOnce} | {Median(rounds.Select(r => r.Before)):0} | {Median(rounds.Select(r => r.During)):0} | {Median(ratios):0.00} | {ratios.Max():0.00} | {answers.GetValueOrDefault("cap")} | {answers.GetValueOrDefault("429")} | {answers.GetValueOrDefault("parked")} | {times / asked.Elapsed.TotalSeconds:0} |"));
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
        }
    }

    /// <summary>The process that floods: asks so often, so many at once, and says on stdout how it was answered.</summary>
    public static async Task<int> FloodAsync(Uri address, int atOnce, int times)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        var answers = new ConcurrentDictionary<string, int>();
        await FloodAsync(http, atOnce, times, answers);
        foreach (var (answer, count) in answers)
        {
            Console.WriteLine($"{answer} {count}");
        }

        return 0;
    }

    private static async Task FloodFromOutsideAsync(Uri address, int atOnce, int times, ConcurrentDictionary<string, int> answers)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            [typeof(FloodBenchmark).Assembly.Location, "flooder", address.AbsoluteUri, $"{atOnce}", $"{times}"])
        { RedirectStandardOutput = true })!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Split(' ') is [var answer, var text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                answers.AddOrUpdate(answer, count, (_, before) => before + count);
            }
        }

        await process.WaitForExitAsync();
    }

    private static async Task FloodAsync(HttpClient http, int atOnce, int times, ConcurrentDictionary<string, int> answers)
    {
        var left = times;
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                answers.AddOrUpdate(await ParkAsync(http, "flood"), 1, (_, count) => count + 1);
            }
        }));
    }

    private static async Task<IReadOnlyList<double>> SampleAsync(HttpClient http, int most, Func<bool> goOn)
    {
        var times = new List<double>();
        while (times.Count < most && (goOn() || times.Count == 0))
        {
            var started = Stopwatch.GetTimestamp();
            var answer = await ParkAsync(http, $"other{Random.Shared.Next(Others)}");
            times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            if (answer != "parked")
            {
                throw new InvalidOperationException($"another's call was answered with {answer}");
            }

            // Nobody's agent asks without a pause.
            await Task.Delay(5);
        }

        return times;
    }

    /// <summary>A call that nobody asked for before.</summary>
    private static async Task<string> ParkAsync(HttpClient http, string actor)
    {
        var body = $$$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"id":"{{{{Guid.NewGuid():n}}}}"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{} } } }""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {KeyOf(actor)}");
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", "2026-07-28");
        request.Headers.TryAddWithoutValidation("Mcp-Method", "tools/call");
        request.Headers.TryAddWithoutValidation("Mcp-Name", "echo");
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.StatusCode == HttpStatusCode.TooManyRequests ? "429"
            : text.Contains("caps.pending_per_actor", StringComparison.Ordinal) ? "cap"
            : text.Contains("parked as", StringComparison.Ordinal) || text.Contains("\"pending\"", StringComparison.Ordinal) ? "parked"
            : $"{response.StatusCode} {text}";
    }

    private static string Settings(string folder)
    {
        var command = EchoUpstream.CommandLine;
        var actors = Enumerable.Range(0, Others).Select(n => $"other{n}").Append("flood").Select(actor => new { id = $"agent:{actor}", roles = (string[])["caller"], key = KeyOf(actor) });
        var file = Path.Combine(folder, "mcpgovern.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            version = 1,
            store = "sqlite:./calls.db",
            hold = "0s",
            policy = new { @default = "require_approval" },
            actors,
            mcpServers = new { echo = new { command = command[0], args = command[1..] } },
        }));
        return file;
    }

    private static Process Start(string settings, Uri address)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "McpGovern.dll"), "serve", "--settings", settings, "--listen", address.GetLeftPart(UriPartial.Authority)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task UntilReadyAsync(HttpClient http)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var answer = await http.GetAsync("/readyz");
                if (answer.IsSuccessStatusCode && await ParkAsync(http, "other0") == "parked")
                {
                    return;
                }
            }
            catch (HttpRequestException) when (tries < 300)
            {
                // Not yet.
            }

            await Task.Delay(100);
        }
    }

    private static string KeyOf(string actor) => $"the-key-of-{actor}-0123456789";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ToArray() is { Length: > 0 } sorted ? sorted[sorted.Length / 2] : double.NaN;
}
