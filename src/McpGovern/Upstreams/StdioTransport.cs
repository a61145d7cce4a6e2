using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>
/// Messages as lines over a child's stdin and stdout. Not the SDK's: that one parses results into trees before we see them, waits five
/// seconds for a child, and passes on our environment.
/// </summary>
internal sealed class StdioTransport : ITransport
{
    private readonly Channel<JsonRpcMessage> _messages = Channel.CreateUnbounded<JsonRpcMessage>();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ChildProcess _child;
    private readonly Inbox _inbox;
    private readonly string _upstream;
    private readonly CredentialMask _mask;
    private readonly ILogger _log;
    private readonly int _maxMessageBytes;
    private volatile bool _ended;

    public StdioTransport(ChildProcess child, Inbox inbox, UpstreamConfig config, UpstreamLimits limits, ILogger log)
    {
        (_child, _inbox, _upstream, _mask, _log, _maxMessageBytes) = (child, inbox, config.GovernedName, config.Mask, log, limits.MaxMessageBytes);
        child.Run("stdout", ReadToEnd);
        _ = WatchAsync();
    }

    public string? SessionId => null;

    /// <summary>Why it ended by itself; null while it runs and when it was we who closed it.</summary>
    public string? EndReason { get; private set; }

    public ChannelReader<JsonRpcMessage> MessageReader => _messages.Reader;

    /// <exception cref="NotSentException">Nothing was written.</exception>
    /// <exception cref="IOException">The child went away while it was written.</exception>
    public async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        var line = ToLine(message);
        try
        {
            await _writing.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException e)
        {
            throw new NotSentException("it waited behind a message that the upstream did not read", e);
        }

        try
        {
            if (_ended || _child.HasExited)
                throw new NotSentException(await WhyAsync("the connection was closed"), null);

            // Never cancelled once begun: half a line would spoil every message after it.
            await _child.Input.WriteAsync(line, CancellationToken.None);
            await _child.Input.FlushAsync(CancellationToken.None);
        }
        catch (IOException e)
        {
            throw new IOException(await WhyAsync(e.Message), e);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        End("it was closed");
        await _child.StopAsync();
    }

    private void ReadToEnd()
    {
        var reason = default(string);
        try
        {
            var lines = new LineReader(_child.Output, _maxMessageBytes);
            while (lines.Read() is { } line)
                Take(line);
        }
        catch (InvalidDataException e)
        {
            reason = $"it wrote {e.Message}";
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            reason = $"its output could not be read: {e.Message}";
        }

        _ = EndWithChildAsync(reason);
    }

    private void Take(byte[] line)
    {
        if (line.Length == 0 || _inbox.TryTake(line))
            return;
        if (line[0] == '{' && MessageText.Read(line) is { } message)
            _messages.Writer.TryWrite(message);
        else
            UpstreamLog.Noise(_log, _upstream, line.Length, Start(line));
    }

    // A child may be gone while something it started still holds its stdout: then no end of the stream tells us.
    private async Task WatchAsync()
    {
        await _child.WaitForExitAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        await EndWithChildAsync(reason: null);
    }

    // A pipe breaks a moment before the exit is seen, and the exit says more.
    private async Task<string> WhyAsync(string otherwise)
    {
        await Task.WhenAny(_child.WaitForExitAsync(), Task.Delay(TimeSpan.FromMilliseconds(250)));
        return _child.HasExited ? _child.Describe() : otherwise;
    }

    private async Task EndWithChildAsync(string? reason)
    {
        if (reason is null)
            await WhyAsync("");
        reason ??= _child.Describe();
        if (!_ended)
            EndReason = reason;
        End(reason);
        await _child.StopAsync();
    }

    private void End(string reason)
    {
        _ended = true;
        _inbox.End(reason);
        _messages.Writer.TryComplete();
    }

    private static byte[] ToLine(JsonRpcMessage message)
    {
        var json = MessageText.Write(message);
        var line = new byte[json.Length + 1];
        json.CopyTo(line, 0);

        // Raw text may bring line ends along; in JSON they can only be white space between tokens.
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        line[^1] = (byte)'\n';
        return line;
    }

    // What looks like a message may hold somebody's data: only its size is logged.
    private string Start(byte[] line)
    {
        if (line[0] is (byte)'{' or (byte)'[')
            return "(not shown)";
        // Masked before it is cut: half of a credential is not recognized.
        var text = _mask.Of(Encoding.UTF8.GetString(line.AsSpan(0, Math.Min(line.Length, 4096))));
        return text.Length <= 120 ? text : text[..120];
    }
}
