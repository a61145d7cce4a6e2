using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Server;

/// <summary>A client over two pipes that says and hears raw lines, with a gateway to itself.</summary>
internal sealed class PipeClient : IAsyncDisposable
{
    private readonly Pipe _stdin = new(), _stdout = new();
    private readonly StdioLife _life = new(TimeProvider.System);
    private readonly StreamReader _answers;
    private readonly Task _serving;

    private PipeClient(RunningGateway gateway, Actor actor)
    {
        Gateway = gateway;
        _answers = new StreamReader(_stdout.Reader.AsStream(), Encoding.UTF8);
        _serving = new StdioServe(gateway.Door, gateway.Live, _life, 1 << 20, NullLogger<StdioServe>.Instance)
            .RunAsync(actor, _stdin.Reader.AsStream(), _stdout.Writer.AsStream());
    }

    public RunningGateway Gateway { get; }

    /// <param name="revision">The one that the client asks for, and gets.</param>
    public static async Task<PipeClient> ConnectAsync(RunningOptions options, Actor actor, string revision, string capabilities)
    {
        var client = new PipeClient(await RunningGateway.StartAsync(options), actor);
        var parameters = $$"""{"protocolVersion":"{{revision}}","capabilities":{{capabilities}},"clientInfo":{"name":"t","version":"1"} }""";
        await client.SendAsync($$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{parameters}} }""");
        Assert.Equal(revision, (await client.HearAsync()).GetProperty("result").GetProperty("protocolVersion").GetString());
        await client.SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        return client;
    }

    public async Task SendAsync(string line) => await _stdin.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>The next message.</summary>
    public async Task<JsonElement> HearAsync() => JsonElement.Parse((await _answers.ReadLineAsync().WaitAsync(Eventually.Limit))!);

    public async ValueTask DisposeAsync()
    {
        await _stdin.Writer.CompleteAsync();
        await _serving.WaitAsync(Eventually.Limit);
        await Gateway.DisposeAsync();
        _answers.Dispose();
        _life.Dispose();
    }
}
