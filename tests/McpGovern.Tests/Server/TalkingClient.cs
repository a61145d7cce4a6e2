using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using McpGovern.Server;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Server;

/// <summary>A client written by hand, of either kind of revision and over either transport, which answers what it is asked.</summary>
internal abstract class TalkingClient : IAsyncDisposable
{
    public const string Elicits = """{"elicitation":{}}""";

    private int _ids = 100;

    public bool Stateless { get; private init; }

    /// <summary>JSON text of the result with which every request of the server is answered; <c>null</c> leaves it open.</summary>
    public string? Answer { get; set; }

    /// <summary>JSON text of the error with which they are answered instead.</summary>
    public string? Refusal { get; set; }

    /// <summary>What came before the answer to the last request.</summary>
    public List<JsonElement> Heard { get; } = [];

    protected string Capabilities { get; private init; } = "{}";

    public static async Task<TalkingClient> OverHttpAsync(HttpGateway gateway, bool stateless, string capabilities = Elicits, string key = HttpGateway.AgentKey)
    {
        var client = new HttpTalk(gateway, key) { Stateless = stateless, Capabilities = capabilities };
        return await client.BeginAsync();
    }

    public static async Task<TalkingClient> OverStdioAsync(RunningGateway gateway, bool stateless, string capabilities = Elicits)
    {
        var client = new PipeTalk(gateway) { Stateless = stateless, Capabilities = capabilities };
        return await client.BeginAsync();
    }

    /// <summary>The message that answers.</summary>
    /// <param name="members">Further params, each with a comma behind it.</param>
    /// <param name="meta">Further members of <c>_meta</c>, each with a comma in front.</param>
    public Task<JsonElement> CallAsync(string tool, string arguments = "{}", string members = "", string meta = "") =>
        AskAsync("tools/call", $"\"name\":\"{tool}\",\"arguments\":{arguments},{members}", tool, meta);

    public async Task<JsonElement> AskAsync(string method, string members, string? name = null, string meta = "")
    {
        var id = $"{_ids++}";
        var inMeta = Stateless ? ModernClient.Meta(Capabilities, meta)[1..^1] : meta.TrimStart(',');
        var body = $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"{{{method}}}","params":{{{{members}}}"_meta":{{{{inMeta}}} } } }""";
        Heard.Clear();
        await foreach (var message in ExchangeAsync(body, name))
        {
            if (message.TryGetProperty("method", out _))
            {
                Heard.Add(message);
                if (message.TryGetProperty("id", out var asked) && (Answer ?? Refusal) is { } answer)
                {
                    await SendAsync($$"""{"jsonrpc":"2.0","id":{{asked.GetRawText()}},"{{(Answer is null ? "error" : "result")}}":{{answer}}}""");
                }
            }
            else if (message.GetProperty("id").GetRawText() == id)
            {
                return message;
            }
        }

        throw new Xunit.Sdk.XunitException("the stream ended without an answer");
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>Messages from the moment when this one was sent.</summary>
    protected abstract IAsyncEnumerable<JsonElement> ExchangeAsync(string body, string? name);

    protected abstract Task SendAsync(string body);

    private async Task<TalkingClient> BeginAsync()
    {
        if (!Stateless)
        {
            await AskAsync("initialize", $$"""
                "protocolVersion":"2025-11-25","capabilities":{{Capabilities}},"clientInfo":{"name":"t","version":"1"},
                """);
            await SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        }

        return this;
    }

    private sealed class PipeTalk : TalkingClient
    {
        private readonly Pipe _stdin = new(), _stdout = new();
        private readonly StdioLife _life = new(TimeProvider.System);
        private readonly StreamReader _lines;
        private readonly Task _serving;

        public PipeTalk(RunningGateway gateway)
        {
            _lines = new StreamReader(_stdout.Reader.AsStream(), Encoding.UTF8);
            _serving = new StdioServe(gateway.Door, gateway.Live, _life, 1 << 20, NullLogger<StdioServe>.Instance)
                .RunAsync(StdioActor.From(null, [], "me"), _stdin.Reader.AsStream(), _stdout.Writer.AsStream());
        }

        public override async ValueTask DisposeAsync()
        {
            await _stdin.Writer.CompleteAsync();
            await _serving;
            _lines.Dispose();
            _life.Dispose();
        }

        protected override async IAsyncEnumerable<JsonElement> ExchangeAsync(string body, string? name)
        {
            await SendAsync(body);
            while (await _lines.ReadLineAsync() is { } line)
            {
                yield return JsonElement.Parse(line);
            }
        }

        protected override async Task SendAsync(string body) => await _stdin.Writer.WriteAsync(Encoding.UTF8.GetBytes(body + "\n"));
    }

    private sealed class HttpTalk(HttpGateway gateway, string key) : TalkingClient
    {
        private string? _session;

        public override ValueTask DisposeAsync() => default;

        protected override async IAsyncEnumerable<JsonElement> ExchangeAsync(string body, string? name)
        {
            using var request = Stateless ? ModernClient.Post(gateway, body, name, key) : gateway.McpPost(body, _session, key);
            using var response = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            _session ??= response.Headers.TryGetValues("Mcp-Session-Id", out var given) ? given.Single() : null;
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
            while (await lines.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("data:", StringComparison.Ordinal) || line.StartsWith('{'))
                {
                    yield return JsonElement.Parse(line.StartsWith('{') ? line : line[5..]);
                }
            }
        }

        protected override async Task SendAsync(string body)
        {
            using var request = gateway.McpPost(body, _session, key);
            using var response = await gateway.Client.SendAsync(request);
            Assert.Equal(202, (int)response.StatusCode);
        }
    }
}
