using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace McpGovern.Server;

/// <summary>Tells clients that have no token where to get one: OAuth 2.0 protected resource metadata (RFC 9728), open to everybody.</summary>
internal sealed class ResourceMetadata(TokenSettings settings)
{
    private const string WellKnown = "/.well-known/oauth-protected-resource";

    private readonly string _path = WellKnown + new Uri(settings.Audience).AbsolutePath.TrimEnd('/');

    /// <summary>The resource's own path comes after the well-known one; clients also try without it.</summary>
    public bool IsAt(PathString path) => path.Value == _path || path.Value == WellKnown;

    public string Challenge =>
        $"Bearer realm=\"mcpgovern\", resource_metadata=\"{new Uri(new Uri(settings.Audience), _path)}\"";

    public void Map(WebApplication app)
    {
        foreach (var path in new[] { WellKnown, _path }.Distinct())
        {
            app.MapGet(path, () => Results.Text(Json().ToJsonString(), "application/json"));
        }
    }

    private JsonObject Json() => new()
    {
        ["resource"] = settings.Audience,
        ["authorization_servers"] = new JsonArray(settings.Issuer),
        ["bearer_methods_supported"] = new JsonArray("header"),
        ["scopes_supported"] = new JsonArray([.. WebTokens.ScopeNames.Select(scope => (JsonNode)scope)]),
    };
}
