using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace McpGovern.Tests.Processes;

/// <summary>The product as its users run it: the built program, in a process of its own.</summary>
internal static class GovernProcess
{
    private static readonly ConcurrentDictionary<int, byte> Ports = new();

    public static string Dll { get; } = Path.Combine(AppContext.BaseDirectory, "McpGovern.dll");

    /// <summary>What a client has to launch: <c>dotnet McpGovern.dll</c> with these.</summary>
    public static string[] CommandLine(string verb, string settings, params IEnumerable<string> args) =>
        [Dll, .. verb.Split(' '), "--settings", settings, .. args];

    /// <param name="captureOutput">Off for <c>stdio</c> when the test is the client.</param>
    public static ChildProcess Start(
        string verb,
        string settings,
        IEnumerable<string>? args = null,
        IReadOnlyDictionary<string, string?>? environment = null,
        bool captureOutput = true) =>
        new("dotnet", CommandLine(verb, settings, args ?? []), WithoutOurOwn(environment), Path.GetDirectoryName(settings), captureOutput);

    /// <summary>A verb without a settings file, as somebody runs it whose home and working directory are this folder.</summary>
    public static ChildProcess StartIn(
        TempFolder home, IEnumerable<string> args, IReadOnlyDictionary<string, string?>? environment = null, bool captureOutput = true)
    {
        var all = WithoutOurOwn(environment);
        foreach (var (name, folder) in new[] { ("HOME", ""), ("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".data") })
        {
            all[name] = home.File(folder);
        }

        return new("dotnet", [Dll, .. args], all, home.Path, captureOutput);
    }

    public static async Task<Finished> RunInAsync(TempFolder home, params IEnumerable<string> args)
    {
        await using var process = StartIn(home, args);
        return await process.EndAsync();
    }

    public static async Task<Finished> RunToEndAsync(
        string verb,
        string settings,
        IEnumerable<string>? args = null,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? input = null)
    {
        await using var process = Start(verb, settings, args, environment);
        return await process.EndAsync(input);
    }

    /// <summary>Starts <c>serve</c> and returns when it answers.</summary>
    public static async Task<ServingProcess> ServeAsync(
        string settings,
        int? port = null,
        IEnumerable<string>? args = null,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var address = new Uri($"http://127.0.0.1:{port ?? FreePort()}");
        var process = Start("serve", settings, ["--listen", address.GetLeftPart(UriPartial.Authority), .. args ?? []], environment);
        var serving = new ServingProcess(process, address);
        try
        {
            await serving.WaitUntilReadyAsync();
            return serving;
        }
        catch
        {
            await serving.DisposeAsync();
            throw;
        }
    }

    /// <summary>Free a moment ago, given to no other test of this process, and none that the system gives to whoever binds or connects next.</summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(12_000, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                if (Ports.TryAdd(port, 0))
                {
                    return port;
                }
            }
            catch (SocketException)
            {
                // Another's.
            }
        }
    }

    // Whoever runs the tests may have the product configured for himself.
    private static Dictionary<string, string?> WithoutOurOwn(IReadOnlyDictionary<string, string?>? environment)
    {
        var all = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("MCPGOVERN_", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(name => name, _ => (string?)null);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            all[name] = value;
        }

        return all;
    }
}
