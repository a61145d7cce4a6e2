using System.Net;
using System.Net.Http.Headers;

namespace McpGovern.Upstreams;

/// <summary>
/// The body of one request of ours: its own text instead of what the SDK would write, and a note when it is begun, since until then
/// there was no connection and nothing was sent.
/// </summary>
internal sealed class WatchedContent : HttpContent
{
    private readonly SendAttempt _attempt;

    public WatchedContent(SendAttempt attempt)
    {
        _attempt = attempt;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _attempt.BodyStarted = true;
        await stream.WriteAsync(_attempt.Body, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _attempt.Body.Length;
        return true;
    }
}
