namespace McpGovern.Wire;

/// <summary>Takes line breaks out of JSON text, where they are only ever white space: they would end a line or an event early.</summary>
internal static class OneLine
{
    public static ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.IndexOfAny((byte)'\n', (byte)'\r') < 0)
        {
            return utf8;
        }

        var line = utf8.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        return line;
    }
}
