using System.Net;

namespace McpGovern.Upstreams;

/// <summary>What is known about one message on its way out; HTTP's handler finds it through the async flow and fills it in.</summary>
/// <param name="tracked">Whether the transport tells how far it got; pipes do not.</param>
internal sealed class SendAttempt(bool tracked)
{
    private static readonly AsyncLocal<SendAttempt?> Flow = new();

    public static SendAttempt? Current => Flow.Value;

    /// <summary>Whether a byte of the body may have left; connecting, name resolution and TLS come before it.</summary>
    public bool BodyStarted { get; set; } = !tracked;

    public HttpStatusCode? Status { get; set; }

    public bool HadSession { get; set; }

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
