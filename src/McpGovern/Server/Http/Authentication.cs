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

    public static async Task<bool> TryAuthenticateAsync(HttpContext http, KeyRing keys)
    {
        if (KeyOf(http.Request) is { } key && keys.Find(key) is { } actor)
        {
            http.Items[ActorItem] = actor;
            return true;
        }

        http.Response.Headers.WWWAuthenticate = "Bearer realm=\"mcpgovern\"";
        await Problem.WriteAsync(http, AnswerCode.Unauthenticated, "send a known key as Authorization: Bearer KEY");
        return false;
    }

    private static string? KeyOf(HttpRequest request) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? header["Bearer ".Length..].Trim()
            : null;
}
