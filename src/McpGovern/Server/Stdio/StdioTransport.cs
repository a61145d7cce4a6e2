using System.Text.Json;
using System.Threading.Channels;
using McpGovern.Wire;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>MCP over two streams, a message a line, read by our own strict reader; a bad line costs itself and nothing else.</summary>
internal sealed class StdioTransport(Stream input, Stream output, int maxMessageBytes, StdioLife life, ILogger log) : ITransport
{
    private readonly Channel<JsonRpcMessage> _messages = Channel.CreateBounded<JsonRpcMessage>(16);
    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>Answers a client that only asks what is spoken here.</summary>
    public Func<JsonRpcRequest, Task>? Probed { get; set; }

    public string? SessionId => null;

    public ChannelReader<JsonRpcMessage> MessageReader => _messages.Reader;

    /// <summary>Reads until the input ends or the life does; after that no further message is served.</summary>
    public async Task ReadAsync()
    {
        var why = "stdin is closed";
        try
        {
            var lines = new LineReader(input, maxMessageBytes);
            while (await lines.ReadAsync(life.Ending) is { } line)
            {
                await ServeAsync(line);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            why = "the process was asked to stop";
        }
        catch (IOException e)
        {
            why = e.Message;
        }

        log.StdioEnds(why);
        _messages.Writer.TryComplete();
        life.End();
    }

    public Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default) =>
        WriteAsync(JsonSerializer.SerializeToUtf8Bytes(message, SdkJson.Message));

    public ValueTask DisposeAsync()
    {
        _messages.Writer.TryComplete();
        return default;
    }

    private async Task ServeAsync(LineReader.Line line)
    {
        if (line.Text is null)
        {
            log.StdinRefused(line.Length, $"a message may have {maxMessageBytes} bytes (caps.arguments and a little more)");
            return;
        }

        if (line.Text.AsSpan().IndexOfAnyExcept(" \t\r"u8) < 0)
        {
            return;
        }

        switch (Server.MessageReader.Read(line.Text))
        {
            case Inbound.Fault fault:
                // The text may quote a key of somebody's arguments: it goes to the client, not into the log.
                log.StdinRefused(line.Length, $"JSON-RPC error {fault.Code}");
                // What cannot be told from noise is not answered: a client would not know what the answer is to.
                if (fault.Id.Id is not null)
                {
                    await WriteAsync(RpcError.Write(fault));
                }

                break;
            case Inbound.Message { Value: var message } when ProtocolEra.Refuse(message) is { } refusal:
                await WriteAsync(refusal);
                break;
            case Inbound.Message { Value: JsonRpcRequest { Method: RequestMethods.ServerDiscover } probe } when Probed is { } answer:
                await answer(probe);
                break;
            case Inbound.Message { Value: var message }:
                if (message is JsonRpcNotification { Method: NotificationMethods.InitializedNotification } || ProtocolEra.BeginsWork(message))
                {
                    life.MarkInitialized();
                }

                await _messages.Writer.WriteAsync(message, life.Ending);
                break;
        }
    }

    private async Task WriteAsync(byte[] json)
    {
        await _writing.WaitAsync();
        try
        {
            await output.WriteAsync(json);
            await output.WriteAsync("\n"u8.ToArray());
            await output.FlushAsync();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Nobody reads any more: the same as the end of stdin.
            log.StdoutClosed(e.Message);
            life.End();
        }
        finally
        {
            _writing.Release();
        }
    }
}
