using System.Text;

namespace McpGovern.Upstreams;

/// <summary>What a file holds for a reference: a text, less one line end after it.</summary>
internal static class CredentialFile
{
    public const int Most = 64 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Read anew every time: files are replaced within a clock's tick, and reading so little costs less than being wrong.</summary>
    /// <exception cref="CredentialException">There is nothing usable.</exception>
    public static string Read(CredentialText text, CredentialPart.FromFile file)
    {
        try
        {
            using var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[Most + 1];
            var count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return Decode(bytes.AsSpan(0, count)) is { } found
                ? WithoutLineEnd(found)
                : throw new CredentialException(text, file.Shown, "is no text of at most 64 KiB");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CredentialException(text, file.Shown, "does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CredentialException(text, file.Shown, "cannot be read by this user, or is no file");
        }
    }

    /// <summary>Null where it is too long or no text.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return bytes.Length > Most ? null : Strict.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static string WithoutLineEnd(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
}
