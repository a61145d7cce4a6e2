using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Server;

/// <summary>A gateway over two upstreams with resources and prompts, one of either era, and three ways in. One for all tests of a class.</summary>
public sealed class RelayHouse : IAsyncLifetime, IDisposable
{
    public const string Session = "session", Stateless = "stateless", Stdio = "stdio";

    private const string Policy =
        "default: allow\ndeny: ['resource:test://south/two', 'prompt:south.greet', 'resource:*secret*']\nrequire_approval_for: ['resource:test://north/two']";

    private readonly TempFolder _folder = new();
    private readonly Pipe _stdin = new(), _stdout = new();
    private readonly StdioLife _life = new(TimeProvider.System);
    private StreamReader _answers = null!;
    private Task _serving = Task.CompletedTask;
    private string _session = "";

    public RelayHouse() => Gateway = new HttpGateway
    {
        Options = new()
        {
            Policy = Policy,
            Upstreams =
            [
                FakeUpstreamOptions.Config("north", "--offers", "north", "--pages", "1", "--ledger", _folder.File("north")),
                FakeUpstreamOptions.Config("south", "--offers", "south", "--modern", "--pages", "2", "--ledger", _folder.File("south")),
            ],
        },
    };

    public HttpGateway Gateway { get; }

    /// <summary>What north did, line by line.</summary>
    public string[] North => File.Exists(_folder.File("north")) ? File.ReadAllLines(_folder.File("north")) : [];

    public async Task InitializeAsync()
    {
        await Gateway.InitializeAsync();
        _session = await Gateway.OpenSessionAsync();
        _answers = new StreamReader(_stdout.Reader.AsStream(), Encoding.UTF8);
        _serving = new StdioServe(Gateway.Running.Door, Gateway.Running.Live, _life, 1 << 20, NullLogger<StdioServe>.Instance)
            .RunAsync(StdioActor.From(null, [], "me"), _stdin.Reader.AsStream(), _stdout.Writer.AsStream());
        await AskStdioAsync("initialize", """{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}""");
    }

    public async Task DisposeAsync()
    {
        await _stdin.Writer.CompleteAsync();
        await _serving.WaitAsync(Eventually.Limit);
        await Gateway.DisposeAsync();
    }

    public void Dispose()
    {
        _answers.Dispose();
        _life.Dispose();
        _folder.Dispose();
    }

    /// <summary>The message that answers.</summary>
    /// <param name="members">Those of the params, each with a comma behind it.</param>
    /// <param name="name">What the request is about, for the stateless revision's header.</param>
    public async Task<JsonElement> AskAsync(string door, string method, string members = "", string? name = null, string key = HttpGateway.AgentKey) => door switch
    {
        Stateless => (await ModernClient.AskAsync(Gateway, ModernClient.Post(Gateway, ModernClient.Body(method, members), name, key))).Answer,
        Stdio => await AskStdioAsync(method, $$"""{{{members}}"_meta":{} }"""),
        _ => JsonElement.Parse((await Gateway.AskAsync(
            key == HttpGateway.AgentKey ? _session : await Gateway.OpenSessionAsync(key),
            $$"""{"jsonrpc":"2.0","id":7,"method":"{{method}}","params":{{{members}}"_meta":{} } }""", key)).Answer),
    };

    public async Task<JsonElement> ResultAsync(string door, string method, string members = "", string? name = null, string key = HttpGateway.AgentKey)
    {
        var answer = await AskAsync(door, method, members, name, key);
        return answer.TryGetProperty("result", out var result) ? result : throw new InvalidOperationException(answer.ToString());
    }

    public async Task<(int Code, string Message, JsonElement Error)> ErrorAsync(string door, string method, string members, string? name = null)
    {
        var answer = await AskAsync(door, method, members, name);
        var error = answer.TryGetProperty("error", out var refused) ? refused : throw new InvalidOperationException(answer.ToString());
        return (error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString()!, error);
    }

    /// <summary>Has north tell of something.</summary>
    public async Task NotifyAsync(string method, string parameters = "{}") =>
        await Gateway.CallAsync(_session, "north__notify", $$"""{"method":"{{method}}","params":{{parameters}}}""");

    public Task CrashNorthAsync() => Gateway.CallAsync(_session, "north__crash", "{}");

    private async Task<JsonElement> AskStdioAsync(string method, string parameters)
    {
        var id = Guid.NewGuid().ToString("N");
        await _stdin.Writer.WriteAsync(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":"{{id}}","method":"{{method}}","params":{{parameters}}}""" + "\n"));
        while (true)
        {
            var message = JsonElement.Parse((await _answers.ReadLineAsync().WaitAsync(Eventually.Limit))!);
            if (message.TryGetProperty("id", out var answered) && answered.GetString() == id)
            {
                return message;
            }
        }
    }
}
