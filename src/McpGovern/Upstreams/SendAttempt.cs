using System.Net;

namespace McpGovern.Upstreams;

/// <summary>One message on its way out, and how far it got; HTTP's handler finds it through the async flow.</summary>
/// <param name="tracked">Whether the transport tells how far it got; pipes do not.</param>
/// <param name="body">The message's text, where the transport would write another.</param>
internal sealed class SendAttempt(bool tracked, ReadOnlyMemory<byte> body)
{
    private static readonly AsyncLocal<SendAttempt?> Flow = new();

    public static SendAttempt? Current => Flow.Value;

    public ReadOnlyMemory<byte> Body => body;

    /// <summary>The request that is sent; <c>null</c> for an answer to the upstream's.</summary>
    public PendingRequest? Request { get; init; }

    /// <summary>Whether a byte of the body may have left; connecting, name resolution and TLS come before it.</summary>
    public bool BodyStarted { get; set; } = !tracked;

    public HttpStatusCode? Status { get; set; }

    public bool HadSession { get; set; }

    /// <summary>Whether there may be other credentials at another time.</summary>
    public bool LooksUpCredentials { get; set; }

    /// <summary>Null when it was sent, else what the failure proves.</summary>
    public async Task<UpstreamAnswer?> RunAsync(Func<Task> send)
    {
        Flow.Value = this;
        try
        {
            await send();
            return null;
        }
        catch (NotSentException e)
        {
            return new UpstreamAnswer.NotSent(e.Message);
        }
        catch (Exception e)
        {
            return SendFailure.Read(this, e);
        }
    }
}
