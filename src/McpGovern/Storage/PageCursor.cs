using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace McpGovern.Storage;

/// <summary>Where a page of a list ended: opaque to clients, stable while calls come and go.</summary>
internal readonly record struct PageCursor(DateTimeOffset RequestedAt, string CallId)
{
    public string Write() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"1.{Instants.ToMicroseconds(RequestedAt)}.{CallId}"));

    /// <exception cref="FormatException">The text is not one that <see cref="Write"/> wrote.</exception>
    public static PageCursor Read(string text)
    {
        if (Base64Url.IsValid(text)
            && Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split('.', 3) is ["1", var at, var callId]
            && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            && microseconds <= Instants.ToMicroseconds(DateTimeOffset.MaxValue)
            && StorableText.IsStorable(callId))
        {
            return new(Instants.FromMicroseconds(microseconds), callId);
        }

        throw new FormatException("the cursor is not one that this list gave; leave it out to begin at the newest call");
    }
}
