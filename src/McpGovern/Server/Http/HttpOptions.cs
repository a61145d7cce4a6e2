using System.Net;

namespace McpGovern.Server;

/// <summary>What serving over HTTP needs from the settings.</summary>
/// <param name="Listen">Such as <c>http://127.0.0.1:7700</c>; port 0 asks the operating system for one.</param>
/// <param name="Actors">Those of the settings; empty where there are none, and then <paramref name="KeyFile"/> is used.</param>
/// <param name="KeyFile">Where the two local keys are kept, as <see cref="LocalKeys.PathFor"/> says.</param>
internal sealed record HttpOptions(Uri Listen, IReadOnlyList<ActorEntry> Actors, string KeyFile, string OsUser)
{
    public const int DefaultMaxMessageBytes = 32 * 1024 * 1024;

    /// <summary>How clients name this server when something stands between, such as a reverse proxy.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Somebody can come in who is not in <see cref="Actors"/>: with a key of the store, or a token.</summary>
    public bool HasOtherCredentials { get; init; }

    public int MaxMessageBytes { get; init; } = DefaultMaxMessageBytes;

    public TimeSpan SessionIdle { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Of all actors together.</summary>
    public int MaxSessions { get; init; } = 1000;

    public ActorLimits Limits { get; init; } = ActorLimits.Default;

    /// <summary>Whether the transport of 2024-11-05 is served too, at <c>/sse</c> and <c>/message</c>.</summary>
    public bool LegacySse { get; init; }

    /// <summary>Other machines may speak to us without TLS, and no proxy is promised.</summary>
    public bool InsecureHttp { get; init; }

    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>An address that others can be relative to.</summary>
    public static Uri Root(Uri address) => address.AbsoluteUri.EndsWith('/') ? address : new(address.AbsoluteUri + "/");

    /// <summary>Where people find the pages of a server that listens there: nowhere, if it only knows that it listens everywhere.</summary>
    public Uri? PagesAt(Uri listening) => PublicUrl is { } url ? Root(url)
        : Address is { } address && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) ? null
        : Root(listening);

    /// <summary>Why this cannot be served, and the cure; <c>null</c> where it can.</summary>
    public string? WhyNot() => this switch
    {
        { Listen.Scheme: not "http" } =>
            $"listen: '{Listen}' must begin with http://; let a reverse proxy do TLS and give its address as public_url",
        { Listen.AbsolutePath: not "/" } => $"listen: '{Listen}' must have no path",
        _ when Address is null => $"listen: '{Listen.Host}' is neither localhost nor an IP address; write the address to listen on",
        _ when !IPAddress.IsLoopback(Address) && !HasOtherCredentials && !Actors.Any(actor => actor.Key is not null) =>
            $"listen: '{Listen}' can be reached from other machines, and there are no actors with keys; add actors with keys "
            + "(and put a reverse proxy with TLS in front), or listen on http://127.0.0.1:7700",
        { InsecureHttp: false, PublicUrl: not { Scheme: "https" } } when !IPAddress.IsLoopback(Address) =>
            $"listen: '{Listen}' can be reached from other machines, and keys would cross the network readable; put a reverse proxy with TLS in front and "
            + "give its address as public_url: https://..., or say insecure_http: true where the network itself is safe",
        _ => null,
    };

    public IPAddress? Address => Listen.Host switch
    {
        "localhost" => IPAddress.Loopback,
        var host => IPAddress.TryParse(host.Trim('[', ']'), out var address) ? address : null,
    };
}
