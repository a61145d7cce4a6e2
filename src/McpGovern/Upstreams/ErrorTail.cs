using System.Text;
using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>The end of what a child wrote to stderr: enough to say why it failed, however much it writes.</summary>
internal sealed class ErrorTail(string upstream, CredentialMask mask, ILogger log)
{
    private const int Capacity = 8 * 1024;

    private readonly Lock _gate = new();
    private readonly StringBuilder _tail = new();
    private readonly StringBuilder _unlogged = new();

    /// <summary>Reads to the end on the calling thread. Reads blocks, not lines: a line may be endless.</summary>
    public void Read(Stream stderr)
    {
        using var reader = new StreamReader(stderr, Encoding.UTF8);
        var block = new char[2048];
        while (Next(reader, block) is > 0 and var count)
        {
            lock (_gate)
            {
                _tail.Append(block, 0, count);
                if (_tail.Length > Capacity)
                    _tail.Remove(0, _tail.Length - Capacity);
            }

            if (log.IsEnabled(LogLevel.Debug))
                Log(block.AsSpan(0, count));
        }

        if (_unlogged.Length > 0)
            UpstreamLog.StandardError(log, upstream, _unlogged.ToString());
    }

    // Whole lines where they end: half of a credential is not recognized.
    private void Log(ReadOnlySpan<char> block)
    {
        var end = _unlogged.Length + block.Length > Capacity ? block.Length : block.LastIndexOf('\n') + 1;
        _unlogged.Append(block[..end]);
        if (end > 0)
        {
            UpstreamLog.StandardError(log, upstream, _unlogged.ToString().TrimEnd());
            _unlogged.Clear();
        }

        _unlogged.Append(block[end..]);
    }

    public override string ToString()
    {
        lock (_gate)
            return _tail.ToString();
    }

    /// <summary>The last lines that say anything, short enough for a message.</summary>
    public string Summary()
    {
        // Before anything is cut off, which might leave half of a credential.
        var lines = mask.Of(ToString()).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var text = string.Join(" | ", lines.TakeLast(3));
        return text.Length <= 400 ? text : "…" + text[^400..];
    }

    private static int Next(StreamReader reader, char[] block)
    {
        try
        {
            return reader.Read(block);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
