using System.Net;

namespace McpGovern.Upstreams;

/// <summary>
/// Sits below the SDK's HTTP transport: hands the bytes of every message to the inbox before the SDK parses them, notes how far a
/// request got, and keeps everything on the configured origin.
/// </summary>
internal sealed class HttpTap(HttpMessageHandler inner, Uri upstream, Inbox inbox, int maxMessageBytes, UpstreamCredentials? credentials = null) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // A legacy SSE server names the address to post to: it may not send our headers to somebody else.
        if (!SameOrigin(request.RequestUri!))
            throw new HttpRequestException($"the upstream named an address on another host, {request.RequestUri!.Authority}");

        var attempt = SendAttempt.Current;
        if (attempt is not null && request.Method == HttpMethod.Post)
        {
            attempt.HadSession = request.Headers.Contains("Mcp-Session-Id");
            request.Content = new WatchedContent(attempt);
        }

        var response = await SendWithCredentialsAsync(request, attempt, cancellationToken);
        if (attempt is not null && request.Method == HttpMethod.Post)
        {
            attempt.Status = response.StatusCode;
            // The SDK would break off every other call of the session as well, and those may be on their way back.
            if (response.StatusCode == HttpStatusCode.NotFound && attempt.HadSession)
            {
                response.Dispose();
                throw new HttpRequestException("the session has ended", inner: null, HttpStatusCode.NotFound);
            }
        }

        // Of the revisions with sessions only the old SSE transport says everything on the one stream that it is asked for by GET.
        var shared = request.Method == HttpMethod.Get && !request.Headers.Contains("Mcp-Session-Id");
        await TapAsync(response, request.Method == HttpMethod.Post ? attempt : null, shared, cancellationToken);
        return response;
    }

    // As they are now, and once more where they are refused and there are others: what was refused was not looked at.
    private async Task<HttpResponseMessage> SendWithCredentialsAsync(HttpRequestMessage request, SendAttempt? attempt, CancellationToken ct)
    {
        if (credentials is not { AreLookedUp: true })
            return await base.SendAsync(request, ct);
        attempt?.LooksUpCredentials = true;
        await credentials.ApplyAsync(request, ct);
        var response = await base.SendAsync(request, ct);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !await credentials.RenewAsync(request, ct))
            return response;
        response.Dispose();
        return await base.SendAsync(request, ct);
    }

    private async Task TapAsync(HttpResponseMessage response, SendAttempt? attempt, bool shared, CancellationToken ct)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        if (type == "text/event-stream" && response.IsSuccessStatusCode)
        {
            response.Content = new TappedContent(response.Content, new SseTap(data => inbox.TryTake(data, attempt?.Request, shared), maxMessageBytes));
        }
        else if (type is "application/json" or "text/event-stream" && MayAnswer(response.StatusCode, attempt))
        {
            await response.Content.LoadIntoBufferAsync(maxMessageBytes, ct);
            var bytes = await response.Content.ReadAsByteArrayAsync(ct);
            if (type == "application/json")
                inbox.TryTake(bytes);
            else
                new SseTap(data => inbox.TryTake(data, attempt?.Request, shared), maxMessageBytes).Feed(bytes);
        }
    }

    // The other refusals are told by their status: a server that echoes our id in one has not seen the call.
    private static bool MayAnswer(HttpStatusCode status, SendAttempt? attempt) =>
        (int)status is >= 200 and < 300 or 400 || (status == HttpStatusCode.NotFound && attempt is { HadSession: false });

    private bool SameOrigin(Uri uri) => uri.Scheme == upstream.Scheme && uri.Authority == upstream.Authority;
}
