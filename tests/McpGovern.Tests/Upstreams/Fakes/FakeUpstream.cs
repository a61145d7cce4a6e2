using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>
/// An MCP server over stdio written by hand, line by line, so that it can misbehave in every way a real one might. Its tools are in
/// <see cref="FakeTools"/>.
/// </summary>
internal sealed class FakeUpstream(FakeUpstreamOptions options)
{
    private readonly Lock _writing = new();
    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _asked = new();
    private volatile string? _listening;
    private volatile bool _deaf;

    public FakeUpstreamOptions Options => options;

    /// <summary>Tools that appeared since the start.</summary>
    public int ExtraTools { get; set; }

    /// <summary>Resources that appeared since the start.</summary>
    public int ExtraOffers { get; set; }

    /// <summary>How many questions had an id of ours.</summary>
    public int Asked { get; set; }

    /// <summary>What the client says to a request of ours, whole.</summary>
    public Task<string> AskAsync(string id, string method, string parameters)
    {
        var answer = _asked.GetOrAdd(id, _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
        Write($$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}}}""");
        return answer.Task;
    }

    /// <summary>Ends the subscription that there is.</summary>
    public void EndListening() => Answer(_listening!, """{"resultType":"complete"}""");

    public async Task<int> RunAsync()
    {
        Note($"start {Environment.ProcessId}");
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = options.IgnoreEnd);
        if (options.Exit is { } code)
        {
            await Console.Error.WriteLineAsync("a setting is missing");
            return code;
        }

        if (File.Exists(options.Away))
        {
            await Console.Error.WriteLineAsync("closed for today");
            return 9;
        }

        await Task.Delay(options.StartDelay);
        using var input = new StreamReader(Console.OpenStandardInput());
        while (!_deaf && await input.ReadLineAsync() is { } line)
            Take(line);
        if (options.IgnoreEnd || _deaf)
            await Task.Delay(Timeout.Infinite);
        return 0;
    }

    /// <summary>Reads nothing more, so that whoever writes to it blocks.</summary>
    public void StopReading() => _deaf = true;

    public void Write(string line)
    {
        lock (_writing)
        {
            if (options.Noise)
            {
                _output.Write("Listening on stdio...\n{\"half\": \n[1,2]\n\n"u8);
                Console.Error.WriteLine("\u001b[31mwarning\u001b[0m \ud83d\ude00 something");
            }

            _output.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
            _output.Flush();
        }
    }

    public void Answer(string id, string result) => Write($$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""");

    public void Refuse(string id, string error) => Write($$"""{"jsonrpc":"2.0","id":{{id}},"error":{{error}}}""");

    public void Notify(string method, string parameters = "{}") =>
        Write($$"""{"jsonrpc":"2.0","method":"{{method}}","params":{{parameters}}}""");

    /// <summary>One line in the ledger: the effect in the world.</summary>
    public void Effect(string tool, string arguments) => Append(options.Ledger, $"{tool} {arguments}");

    private void Note(string line) => Append(options.Log, line);

    private static void Append(string? file, string line)
    {
        if (file is null)
            return;
        // Several processes may share a ledger, and .NET's append seeks to the end once instead of asking the system for it at each write.
        using var turn = TakeTurn(file + ".lock");
        using var stream = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        stream.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
        stream.Flush(flushToDisk: true);
    }

    private static FileStream TakeTurn(string file)
    {
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (File.Exists(file))
            {
                Thread.Sleep(5);
            }
        }
    }

    private void Take(string line)
    {
        using var document = JsonDocument.Parse(line);
        var message = document.RootElement;
        var id = message.TryGetProperty("id", out var given) ? given.GetRawText() : null;
        var parameters = message.TryGetProperty("params", out var p) ? p.Clone() : default;
        if (!message.TryGetProperty("method", out var named))
        {
            Note($"answer {line}");
            if (_asked.TryRemove(id ?? "", out var asked))
                asked.TrySetResult(line);
            return;
        }

        var method = named.GetString()!;
        Note(method);
        if (id is not null)
            Request(id, method, parameters);
        else if (method == "notifications/cancelled")
            Note($"cancelled {parameters.GetProperty("requestId").GetRawText()}");
    }

    private string Capabilities => options.Offers is not null ? FakeOffers.Capabilities :
        $$"""{"tools":{"listChanged":{{(options.Modern && !options.Listens ? "false" : "true")}}}{{(options.Logs ? ",\"logging\":{}" : "")}}}""";

    private void Request(string id, string method, JsonElement parameters)
    {
        switch (method)
        {
            case "server/discover" when options.Modern:
                Answer(id, $$"""{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{{Capabilities}},"ttlMs":1,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"fake","version":"1"} } }""");
                break;
            case "server/discover" when options.SilentProbe:
                break;
            case "server/discover" when options.DieAtProbe:
                Environment.Exit(7);
                break;
            case "initialize" when !options.Modern:
                Answer(id, $$"""{"protocolVersion":"2025-06-18","capabilities":{{Capabilities}},"serverInfo":{"name":"fake","version":"1"} }""");
                break;
            case "logging/setLevel":
                Note($"level {parameters.GetProperty("level").GetString()}");
                Answer(id, "{}");
                break;
            case "subscriptions/listen" when options.Listens:
                Note($"listens {parameters.GetProperty("notifications").GetRawText()}");
                _listening = id;
                Notify("notifications/subscriptions/acknowledged", $$$"""{"_meta":{"io.modelcontextprotocol/subscriptionId":{{{id}}} },"notifications":{"toolsListChanged":true} }""");
                break;
            case "tools/list":
                Answer(id, FakeTools.List(this, parameters));
                break;
            case "tools/call":
                // Not awaited: one that hangs holds up no other.
                _ = FakeTools.CallAsync(this, id, parameters);
                break;
            case not null when options.Offers is not null:
                FakeOffers.Take(this, id, method, parameters);
                break;
            default:
                Refuse(id, $$"""{"code":-32601,"message":"no method {{method}}"}""");
                break;
        }
    }
}
