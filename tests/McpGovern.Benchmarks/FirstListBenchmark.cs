using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace McpGovern.Benchmarks;

/// <summary>From the start of <c>mcpgovern stdio</c> to its first <c>tools/list</c>, beside the same program with nothing behind it.</summary>
internal static class FirstListBenchmark
{
    private static readonly string[] Hello =
    [
        """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}""",
        """{"jsonrpc":"2.0","method":"notifications/initialized"}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""",
    ];

    /// <param name="upstream">The command of a stdio server and its arguments.</param>
    public static async Task<int> RunAsync(string[] upstream)
    {
        var folder = Directory.CreateTempSubdirectory("mcpgovern-bench-").FullName;
        try
        {
            var servers = new Dictionary<string, object> { ["up"] = new { command = upstream[0], args = upstream[1..] } };
            var (with, without) = (Settings(folder, "with", servers), Settings(folder, "without", []));
            await ListAsync(with);
            Console.WriteLine("| start | first tools/list, ms | with no upstream, ms | ratio |");
            Console.WriteLine("|---|---|---|---|");
            foreach (var first in (bool[])[false, true])
            {
                var (ours, theirs, ratio) = await Interleaved.RunAsync(2, n => TimesAsync(n, with, first), n => TimesAsync(n, without, first));
                var start = first ? "with a new store" : "with a store that has seen the tools";
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {start} | {ours / 1000:0} | {theirs / 1000:0} | {ratio:0.00} |"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static string Settings(string folder, string name, Dictionary<string, object> servers)
    {
        var file = Path.Combine(folder, $"{name}.json");
        var settings = new { version = 1, store = $"sqlite:./{name}.db", policy = new { version = 1, @default = "allow" }, mcpServers = servers };
        File.WriteAllText(file, JsonSerializer.Serialize(settings));
        return file;
    }

    private static async Task TimesAsync(int times, string settings, bool newStore)
    {
        for (var i = 0; i < times; i++)
        {
            if (newStore)
            {
                Directory.GetFiles(Path.GetDirectoryName(settings)!, "*.db*").ToList().ForEach(File.Delete);
            }

            await ListAsync(settings);
        }
    }

    /// <summary>Starts the program, asks, and ends it; how many tools there were. Its end is not part of what a client waits for, and is let go of.</summary>
    private static async Task<int> ListAsync(string settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "McpGovern.dll"), "stdio", "--settings", settings])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        foreach (var line in Hello)
        {
            await process.StandardInput.WriteLineAsync(line);
        }

        await process.StandardInput.FlushAsync();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            var message = JsonElement.Parse(line);
            if (message.TryGetProperty("id", out var id) && id.GetInt32() == 1)
            {
                process.Kill();
                return message.GetProperty("result").GetProperty("tools").GetArrayLength();
            }
        }

        throw new InvalidOperationException("the program ended without an answer");
    }
}
