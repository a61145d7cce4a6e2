using System.Net;

namespace McpGovern.Upstreams;

/// <summary>What a failed HTTP exchange, or a broken pipe, proves about the call.</summary>
internal static class SendFailure
{
    // JSON-RPC's "internal error": a refusal below the protocol has no code of its own there.
    private const int Code = -32603;

    public static UpstreamAnswer Read(SendAttempt attempt, Exception e) => attempt switch
    {
        { Status: null, BodyStarted: true } => new UpstreamAnswer.Lost($"the connection broke: {Text(e)}"),
        { Status: null } => new UpstreamAnswer.NotSent($"no connection: {Text(e)}"),
        { Status: HttpStatusCode.NotFound, HadSession: true } => new UpstreamAnswer.NotSent("the upstream has ended our session (HTTP 404)"),
        // By HTTP's own words it was not applied, and the next time there may be a credential that is good.
        { Status: HttpStatusCode.Unauthorized, LooksUpCredentials: true } =>
            new UpstreamAnswer.NotSent("the upstream refused the credentials that its settings refer to (HTTP 401)"),
        { Status: HttpStatusCode.Unauthorized } => Refused("the upstream refused the configured credentials (HTTP 401)"),
        { Status: HttpStatusCode.Forbidden } => Refused("the upstream forbids this with the configured credentials (HTTP 403)"),
        { Status: HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect } =>
            Refused($"the upstream redirects elsewhere (HTTP {(int)attempt.Status}), which is not followed: correct its url"),
        {
            Status: HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotAcceptable or HttpStatusCode.RequestEntityTooLarge
            or HttpStatusCode.UnsupportedMediaType
        } => Refused($"the upstream refused the request (HTTP {(int)attempt.Status})"),
        { Status: >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices } =>
            new UpstreamAnswer.Lost($"the response ended without an answer: {Text(e)}"),
        // A failing server or something between may well have let the call through.
        _ => new UpstreamAnswer.Lost($"HTTP {(int)attempt.Status!}"),
    };

    private static UpstreamAnswer.Error Refused(string message) => new(Code, message, null);

    private static string Text(Exception e) => e is HttpRequestException { InnerException: { } inner } ? inner.Message : e.Message;
}
