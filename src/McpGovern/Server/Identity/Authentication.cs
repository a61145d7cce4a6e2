using McpGovern.Calls;
using Microsoft.AspNetCore.Http;

namespace McpGovern.Server;

/// <summary>Puts the actor of a request into it, or answers 401.</summary>
internal static class Authentication
{
    private static readonly object ActorItem = new();

    /// <summary>Whoever the key belongs to; no header, body or argument says otherwise.</summary>
    public static Actor ActorOf(HttpContext http) =>
        http.Items[ActorItem] as Actor ?? throw new InvalidOperationException("a request reached its endpoint unauthenticated");

    public static async Task<bool> TryAuthenticateAsync(HttpContext http, Authenticator authenticator)
    {
        if (BearerOf(http.Request) is { } bearer && await authenticator.FindAsync(bearer, http.RequestAborted) is { } actor)
        {
            http.Items[ActorItem] = actor;
            return true;
        }

        http.Response.Headers.WWWAuthenticate = authenticator.Metadata?.Challenge ?? "Bearer realm=\"mcpgovern\"";
        await Problem.WriteAsync(http, AnswerCode.Unauthenticated, "send a known key or token as Authorization: Bearer KEY");
        return false;
    }

    private static string? BearerOf(HttpRequest request) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? header["Bearer ".Length..].Trim()
            : null;
}
