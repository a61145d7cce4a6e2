using System.Net;
using System.Net.Sockets;

namespace McpGovern.Upstreams;

/// <summary>
/// Connects to public addresses alone. What is looked at is what is connected to, so that a name that means something else the next time
/// gains nothing.
/// </summary>
internal static class PublicConnect
{
    /// <exception cref="HttpRequestException">The name means an address that is not public; nothing was connected to.</exception>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, ct);
        if (Array.Find(addresses, address => !PublicAddress.Is(address)) is { } refused)
            throw new HttpRequestException($"{host} is {refused}, which is no public address (network: public)");

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
