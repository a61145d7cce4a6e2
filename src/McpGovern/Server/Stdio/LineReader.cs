using System.Buffers;
using System.IO.Pipelines;

namespace McpGovern.Server;

/// <summary>Reads lines of bytes, and passes over one that is too long without keeping it.</summary>
internal sealed class LineReader(Stream input, int maxBytes)
{
    private readonly PipeReader _reader = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));

    /// <summary>A line without its end; <c>Text</c> is <c>null</c> for one of more than the permitted bytes. <c>null</c> at the end of the input.</summary>
    public async Task<Line?> ReadAsync(CancellationToken ct)
    {
        long skipped = 0, searched = 0;
        while (true)
        {
            var read = await _reader.ReadAsync(ct);
            var buffer = read.Buffer;
            if (buffer.Slice(searched).PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                var result = Take(line, skipped);
                _reader.AdvanceTo(buffer.GetPosition(1, end));
                return result;
            }

            if (read.IsCompleted)
            {
                var result = buffer.Length + skipped == 0 ? null : Take(buffer, skipped);
                _reader.AdvanceTo(buffer.End);
                return result;
            }

            if (buffer.Length + skipped > maxBytes)
            {
                (skipped, searched) = (skipped + buffer.Length, 0);
                _reader.AdvanceTo(buffer.End);
            }
            else
            {
                // Only what is new is searched next time, or a long line would cost its square.
                searched = buffer.Length;
                _reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
    }

    private Line Take(ReadOnlySequence<byte> line, long skipped) =>
        new(line.Length + skipped, line.Length + skipped > maxBytes ? null : line.ToArray());

    internal sealed record Line(long Length, byte[]? Text);
}
