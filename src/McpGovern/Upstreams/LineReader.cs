namespace McpGovern.Upstreams;

/// <summary>Cuts a byte stream into lines of bounded length; each line is a copy of its own, since messages outlive the buffer.</summary>
internal sealed class LineReader(Stream stream, int maxLength)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _start, _scanned, _end;

    /// <summary>The next line without its end, null at the end of the stream. What follows the last line end is no message.</summary>
    /// <exception cref="InvalidDataException">A line is longer than allowed.</exception>
    public byte[]? Read()
    {
        while (true)
        {
            var newline = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = _buffer.AsSpan(_start, _scanned + newline - _start);
                _start = _scanned = _scanned + newline + 1;
                return line.TrimEnd((byte)'\r').ToArray();
            }

            _scanned = _end;
            if (_end - _start > maxLength)
                throw new InvalidDataException($"a line of more than {maxLength} bytes");
            MakeRoom();
            var count = stream.Read(_buffer, _end, _buffer.Length - _end);
            if (count <= 0)
                return null;
            _end += count;
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_scanned, _end, _start) = (_scanned - _start, _end - _start, 0);
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
