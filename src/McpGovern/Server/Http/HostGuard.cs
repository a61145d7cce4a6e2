using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace McpGovern.Server;

/// <summary>
/// Which names this server answers to: a page elsewhere that has its own name resolve to this machine (DNS rebinding), or that sends
/// requests across origins, is refused before anything is looked at.
/// </summary>
internal sealed class HostGuard(HttpOptions options)
{
    private static readonly string[] Loopback = ["localhost", "127.0.0.1", "[::1]"];

    /// <summary>Why the request is refused, or <c>null</c>.</summary>
    public string? WhyNot(HttpContext http)
    {
        if (!Serves(http.Request.Host.Value, http.Connection))
        {
            return "this server is not called by that Host; use the address it listens on, or set public_url";
        }

        var origins = http.Request.Headers.Origin;
        return origins.Count == 0 || (origins.Count == 1 && IsOurs(origins[0], http.Connection))
            ? null
            : "this Origin is not served; only pages of this server may call it";
    }

    private bool IsOurs(string? origin, ConnectionInfo connection) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && uri is { Scheme: "http" or "https", UserInfo: "", PathAndQuery: "/", Fragment: "" }
        && !origin.EndsWith('/')
        && (options.PublicUrl is { } own && uri.Authority == own.Authority ? uri.Scheme == own.Scheme : Serves(uri.Authority, connection));

    // Compared as text and exactly: whoever wants another spelling of a name wants to get past this.
    private bool Serves(string? authority, ConnectionInfo connection)
    {
        if (options.PublicUrl is { } own && string.Equals(authority, own.Authority, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var port = connection.LocalPort.ToString(CultureInfo.InvariantCulture);
        return Names(connection.LocalIpAddress).Any(name =>
            string.Equals(authority, $"{name}:{port}", StringComparison.OrdinalIgnoreCase)
            || (port == "80" && string.Equals(authority, name, StringComparison.OrdinalIgnoreCase)));
    }

    // An address that the connection arrived at was not made up by a name server.
    private static string[] Names(IPAddress? local) => local switch
    {
        null => [.. Loopback],
        { IsIPv4MappedToIPv6: true } => [.. Loopback, local.MapToIPv4().ToString()],
        { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } => [.. Loopback, $"[{local}]"],
        _ => [.. Loopback, local.ToString()],
    };
}
