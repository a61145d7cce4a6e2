using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpGovern.Tests.Crashes;

/// <summary>What the agent was told: all text, and what the answer says of the call behind it.</summary>
internal sealed record Heard(string Text, bool IsError, string? CallId, string? Status);

/// <summary>An agent's client, with the serving process that it launched over stdio or that was started for it over HTTP.</summary>
internal sealed class AgentClient : IAsyncDisposable
{
    private readonly ServingProcess? http;
    private readonly CancellationTokenSource gone = new();
    private McpClient? client;

    private AgentClient(ChildProcess process, ServingProcess? http = null) => (Process, this.http) = (process, http);

    public ChildProcess Process { get; }

    /// <summary>Where it listens, of one over HTTP.</summary>
    public Uri Address => http!.Address;

    /// <param name="fault">What the serving process does wrong; <c>null</c> for the product as it is.</param>
    public static AgentClient Launch(string settings, string hold = "0s", string? fault = null, IReadOnlyDictionary<string, string?>? environment = null) => new(fault is null
        ? GovernProcess.Start("stdio", settings, ["--as", CrashWorld.Agent, "--hold", hold], environment, captureOutput: false)
        : new ChildProcess("dotnet", [typeof(AgentClient).Assembly.Location, "hasty-stdio", fault, settings, hold], environment, captureOutput: false));

    /// <param name="wrapper">A program, with its arguments, that becomes the serving process.</param>
    public static AgentClient LaunchHttp(string settings, string hold, IReadOnlyDictionary<string, string?>? environment = null, params string[] wrapper)
    {
        var address = new Uri($"http://127.0.0.1:{GovernProcess.FreePort()}");
        string[] args = ["--listen", address.GetLeftPart(UriPartial.Authority), "--hold", hold];
        var process = wrapper.Length == 0 ? GovernProcess.Start("serve", settings, args, environment)
            : new ChildProcess(wrapper[0], [.. wrapper[1..], "dotnet", .. GovernProcess.CommandLine("serve", settings, args)], environment, Path.GetDirectoryName(settings));
        return new(process, new ServingProcess(process, address));
    }

    /// <returns>Whether it was connected before it was killed.</returns>
    public async Task<bool> ConnectAsync()
    {
        client = await UnlessKilledAsync(async () =>
        {
            if (http is not null)
            {
                await http.WaitUntilReadyAsync();
            }

            return await McpClient.CreateAsync(Transport(), cancellationToken: gone.Token);
        });
        return client is not null;
    }

    /// <returns><c>null</c> where the process was killed before it answered.</returns>
    public Task<Heard?> SubmitAsync(string payment, Action<string>? acknowledged = null) => AskAsync(
        "submit", new() { ["payment_id"] = payment, ["amount"] = 1, ["currency"] = "EUR" }, acknowledged is null ? null : new ParkListener(acknowledged));

    /// <summary>A call that policy allows.</summary>
    public Task<Heard?> LookAsync(string payment = "pay-1001") => AskAsync("fetch_payment_details", new() { ["payment_id"] = payment }, null);

    /// <summary>Which starts the upstreams.</summary>
    public Task ListAsync() => UnlessKilledAsync(async () => await client!.ListToolsAsync(cancellationToken: gone.Token));

    public Task<Heard?> FetchAsync(string callId, int waitSeconds = 2) =>
        AskAsync("jamjet_result", new() { ["call_id"] = callId, ["wait_seconds"] = waitSeconds }, null);

    /// <summary>From here on, an answer that does not come is no failure.</summary>
    public void ExpectEnd() => gone.Cancel();

    public async Task KillAsync()
    {
        Process.KillHard();
        ExpectEnd();
        await Eventually.TrueAsync(() => Process.HasExited, () => "it outlived SIGKILL");
    }

    public async ValueTask DisposeAsync()
    {
        ExpectEnd();
        await Process.DisposeAsync();
        if (client is not null)
        {
            _ = await UnlessKilledAsync(async () =>
            {
                await client.DisposeAsync();
                return "";
            });
        }
    }

    private IClientTransport Transport() => http is null
        ? new StreamClientTransport(Process.Input, Process.RawOutput)
        : new HttpClientTransport(new()
        {
            Endpoint = http.McpEndpoint,
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {CrashWorld.KeyOf(CrashWorld.Agent)}" },
        });

    private Task<Heard?> AskAsync(string tool, Dictionary<string, object?> arguments, IProgress<ProgressNotificationValue>? progress) =>
        UnlessKilledAsync(async () =>
        {
            var result = await client!.CallToolAsync(tool, arguments, progress, cancellationToken: gone.Token).AsTask().WaitAsync(TimeSpan.FromMinutes(2));
            var about = result.Meta?["mcpgovern/call"];
            return new Heard(string.Join('\n', result.Content.OfType<TextContentBlock>().Select(block => block.Text)), result.IsError == true,
                (string?)about?["call_id"], (string?)about?["status"]);
        });

    private async Task<T?> UnlessKilledAsync<T>(Func<Task<T>> ask) where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception) when (gone.IsCancellationRequested || Process.HasExited)
        {
            return null;
        }
    }

    /// <summary>The first word that a call is parked: whoever heard it may rely on it.</summary>
    private sealed class ParkListener(Action<string> acknowledged) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value)
        {
            if (value.Message?.Split(' ').FirstOrDefault(word => word.StartsWith("call_", StringComparison.Ordinal)) is { } callId)
            {
                acknowledged(callId);
            }
        }
    }
}
