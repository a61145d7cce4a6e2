using System.Threading.Channels;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>
/// Answers one <c>server/discover</c> aside from the connection's own server, which would be of that revision from then on: a client whose
/// patience with its probe was over goes on with <c>initialize</c>, on the same streams.
/// </summary>
internal sealed class StdioProbe : ITransport
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Channel<JsonRpcMessage> _messages = Channel.CreateUnbounded<JsonRpcMessage>();
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITransport _stdio;

    private StdioProbe(JsonRpcRequest probe, ITransport stdio)
    {
        _stdio = stdio;
        _messages.Writer.TryWrite(probe);
    }

    public string? SessionId => null;

    public ChannelReader<JsonRpcMessage> MessageReader => _messages.Reader;

    public static async Task AnswerAsync(JsonRpcRequest probe, ITransport stdio, McpServerOptions options)
    {
        var transport = new StdioProbe(probe, stdio);
        await using var server = McpServer.Create(transport, options);
        var serving = server.RunAsync(CancellationToken.None);
        await Task.WhenAny(transport._answered.Task, serving, Task.Delay(Patience, CancellationToken.None));
        await transport.DisposeAsync();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        await _stdio.SendMessageAsync(message, cancellationToken);
        _answered.TrySetResult();
    }

    public ValueTask DisposeAsync()
    {
        _messages.Writer.TryComplete();
        return default;
    }
}
