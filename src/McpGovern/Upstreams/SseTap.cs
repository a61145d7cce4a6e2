using System.Buffers;

namespace McpGovern.Upstreams;

/// <summary>Finds the data of server-sent events in a byte stream, whichever way it is cut into pieces.</summary>
internal sealed class SseTap(Action<ReadOnlyMemory<byte>> onData, int maxBytes)
{
    private readonly ArrayBufferWriter<byte> _line = new();
    private ArrayBufferWriter<byte> _data = new();
    private bool _hasData, _afterReturn;

    /// <exception cref="IOException">An event is larger than allowed; the stream's reader sees it as a broken connection.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            // A line ends at \n, \r or \r\n; the pair may be cut between two pieces.
            if (_afterReturn && bytes[0] == '\n')
                bytes = bytes[1..];
            _afterReturn = false;

            var end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            Keep(_line, end < 0 ? bytes : bytes[..end]);
            if (end < 0)
                return;
            _afterReturn = bytes[end] == '\r';
            bytes = bytes[(end + 1)..];
            TakeLine();
        }
    }

    private void TakeLine()
    {
        var line = _line.WrittenSpan;
        if (line.IsEmpty)
        {
            if (_hasData)
            {
                // The inbox keeps what it is given: the next event gets a buffer of its own.
                onData(_data.WrittenMemory);
                (_data, _hasData) = (new ArrayBufferWriter<byte>(), false);
            }
        }
        else if (line.StartsWith("data:"u8))
        {
            if (_hasData)
                Keep(_data, "\n"u8);
            var value = line["data:"u8.Length..];
            Keep(_data, value.StartsWith(" "u8) ? value[1..] : value);
            _hasData = true;
        }

        _line.ResetWrittenCount();
    }

    private void Keep(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> bytes)
    {
        if (buffer.WrittenCount + bytes.Length > maxBytes)
            throw new IOException($"the upstream wrote an event of more than {maxBytes} bytes");
        buffer.Write(bytes);
    }
}
