using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Cli;

/// <summary>The demo's temporary folder, its serving process and its agent.</summary>
internal sealed class DemoStage : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string folder = Directory.CreateTempSubdirectory("mcpgovern-demo-").FullName;
    private readonly Uri address = new($"http://127.0.0.1:{FreePort()}");
    private readonly string agentKey = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly StringBuilder log = new();
    private Process? server;
    private UpstreamSet? agent;

    public DemoStage(string example)
    {
        File.WriteAllText(Settings, $$"""
            version: 1
            store: sqlite:./mcpgovern.db
            hold: 1s
            listen: {{address.GetLeftPart(UriPartial.Authority)}}
            policy:
              allow: [payments.fetch_payment_details]
              require_approval_for: [payments.submit]
            mcpServers:
              payments: { command: dotnet, args: ['{{Path.Combine(example, "server", "bin", "payments-server.dll")}}', --ledger, '{{LedgerFile}}'] }
            actors:
              - { id: "agent:demo", roles: [caller], key: "{{agentKey}}" }
            """);
    }

    public int ServerId => server?.Id ?? 0;

    public string ServerLog => log.ToString();

    /// <summary>One line per payment that was really made.</summary>
    public IReadOnlyList<string> Ledger => File.Exists(LedgerFile) ? File.ReadAllLines(LedgerFile) : [];

    private string Settings => Path.Combine(folder, "mcpgovern.yaml");

    private string LedgerFile => Path.Combine(folder, "ledger.jsonl");

    /// <summary>The example's folder, where its server is built.</summary>
    public static string? FindExample()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var example = Path.Combine(at.FullName, "examples", "payments");
            if (File.Exists(Path.Combine(example, "server", "bin", "payments-server.dll")))
            {
                return example;
            }
        }

        return null;
    }

    public async Task StartAsync(CancellationToken ct)
    {
        server = Start(["serve", "--settings", Settings]);
        using var http = new HttpClient();
        for (var until = TimeProvider.System.GetUtcNow() + Patience; ;)
        {
            try
            {
                if ((await http.GetAsync(new Uri(address, "/readyz"), ct)).IsSuccessStatusCode)
                {
                    break;
                }
            }
            catch (HttpRequestException) when (!server.HasExited && TimeProvider.System.GetUtcNow() < until)
            {
                await Task.Delay(50, ct);
            }
            catch (HttpRequestException e)
            {
                throw new DemoException($"the server does not start: {e.Message}");
            }
        }

        agent = new UpstreamSet([AgentOf(address, agentKey)], new UpstreamLimits(), TimeProvider.System, NullLoggerFactory.Instance);
    }

    /// <summary>SIGKILL: no handler runs, no buffer is written.</summary>
    public async Task KillAsync()
    {
        server!.Kill();
        await server.WaitForExitAsync();
        await agent!.DisposeAsync();
    }

    /// <summary>What an agent's client would send.</summary>
    public async Task<UpstreamAnswer> CallAsync(string tool, string arguments, CancellationToken ct)
    {
        var connection = await agent!.All[0].ConnectAsync(ct);
        return await connection.CallToolAsync(tool, arguments, metaJson: null, progress: null, Patience, ct);
    }

    /// <summary>Another run of this program, as a person would start it.</summary>
    public async Task<string> VerbAsync(string[] arguments, CancellationToken ct)
    {
        using var process = Start([.. arguments, "--settings", Settings], capture: true);
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return process.ExitCode == 0 ? $"{await output}{await errors}".TrimEnd()
            : throw new DemoException($"mcpgovern {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}");
    }

    public async Task WaitForLedgerAsync(CancellationToken ct)
    {
        for (var until = TimeProvider.System.GetUtcNow() + Patience; Ledger.Count == 0; await Task.Delay(50, ct))
        {
            if (TimeProvider.System.GetUtcNow() > until)
            {
                throw new DemoException("the approved call did not run");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (agent is not null)
        {
            await agent.DisposeAsync();
        }

        if (server is { HasExited: false })
        {
            server.Kill();
            await server.WaitForExitAsync();
        }

        server?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static UpstreamConfig AgentOf(Uri address, string key) => new("mcpgovern", "mcpgovern", "http", Command: null, Args: [],
        Env: new Dictionary<string, string>(), Cwd: null, new Uri(address, "/mcp"), new Dictionary<string, string> { ["Authorization"] = $"Bearer {key}" });

    private Process Start(IEnumerable<string> arguments, bool capture = false)
    {
        var (program, args) = OwnCommand.Line(arguments);
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        var process = Process.Start(start) ?? throw new DemoException("the process does not start");
        if (!capture)
        {
            process.OutputDataReceived += (_, line) => Keep(line.Data);
            process.ErrorDataReceived += (_, line) => Keep(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        return process;
    }

    private void Keep(string? line)
    {
        lock (log)
        {
            log.AppendLine(line);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
