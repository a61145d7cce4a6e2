using System.Threading.Channels;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>
/// Gives the SDK's client one transport. For an upstream known not to speak the modern era it answers the SDK's probe itself, since a
/// silent upstream would cost five seconds at every start, and one that dies of an unknown method would never start.
/// </summary>
internal sealed class Handshake(ITransport inner, bool legacy) : IClientTransport, ITransport
{
    private readonly Channel<JsonRpcMessage> _messages = Channel.CreateUnbounded<JsonRpcMessage>();
    private RequestId? _probe;
    private volatile bool _gaveUp, _answeredLate;

    /// <summary>It speaks the modern era, and said so when the SDK waited for that no more and had asked it to <c>initialize</c>.</summary>
    public bool ProbeWasAnsweredLate => _answeredLate;

    public string Name => "upstream";

    public string? SessionId => inner.SessionId;

    public ChannelReader<JsonRpcMessage> MessageReader => _messages.Reader;

    public Task<ITransport> ConnectAsync(CancellationToken cancellationToken = default)
    {
        _ = PumpAsync();
        return Task.FromResult<ITransport>(this);
    }

    public Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        if (message is JsonRpcRequest { Method: RequestMethods.Initialize })
            _gaveUp = true;
        if (message is not JsonRpcRequest { Method: RequestMethods.ServerDiscover } probe)
            return inner.SendMessageAsync(message, cancellationToken);

        if (!legacy)
        {
            _probe = probe.Id;
            return inner.SendMessageAsync(message, cancellationToken);
        }

        var error = new JsonRpcErrorDetail { Code = (int)ModelContextProtocol.McpErrorCode.MethodNotFound, Message = "known not to be there" };
        // Into a channel that has ended it would be lost, and the SDK would wait for it.
        return _messages.Writer.TryWrite(new JsonRpcError { Id = probe.Id, Error = error })
            ? Task.CompletedTask
            : Task.FromException(new NotSentException("the process of the upstream has ended", null));
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async Task PumpAsync()
    {
        await foreach (var message in inner.MessageReader.ReadAllAsync())
        {
            _answeredLate |= _gaveUp && message is JsonRpcResponse answer && answer.Id == _probe;
            _messages.Writer.TryWrite(message);
        }

        _messages.Writer.TryComplete();
    }
}
