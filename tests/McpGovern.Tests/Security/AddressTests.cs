using System.Net;
using System.Net.Sockets;
using McpGovern.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Security;

/// <summary>With <c>network: public</c> nothing is connected to that is not on the internet, however it is spelled; redirects are followed nowhere.</summary>
public sealed class AddressTests
{
    /// <summary>Of this machine: each reaches a listener here, or is no address at all.</summary>
    private static readonly string[] Loopback =
    [
        "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.000.000.001", "0177.0.0.1", "0177.0.0.01", "0177.1", "0x7f.0.0.1", "0X7F.0.0.1", "0x7f.1", "0x7f.0x0.0x0.0x1",
        "0x7f000001", "0x7F000001", "2130706433", "017700000001", "0177.0x0.0.1", "127.0.0.0x1", "127.0x1", "127.01", "0x7f.0.1", "127.65535", "127.16777215", "127.255.255.254",
        "127.8.9.10", "127.0.0.2", "0", "0.0.0.0", "00.00.00.00", "0x0", "0x0.0x0.0x0.0x0", "localhost", "LOCALHOST", "LocalHost", "localhost.", "l\u006fcalhost", "%6cocalhost", "127%2e0%2e0%2e1",
        "\u2460\u2461\u2466.0.0.1", "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "127\uff0e0\uff0e0\uff0e1", "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54", "\u0661\u0662\u0667.\u0660.\u0660.\u0661",
        "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]", "[::]", "[0:0:0:0:0:0:0:0]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::FFFF:7F00:0001]", "[::127.0.0.1]", "[::7f00:1]", "[::1%251]", "[::1%25lo]", "[::ffff:0:127.0.0.1]", "[::ffff:0.0.0.0]",
        "user@127.0.0.1", "8.8.8.8@127.0.0.1", "8.8.8.8:80@127.0.0.1", "example.com%40127.0.0.1", "8.8.8.8%23@127.0.0.1", "8.8.8.8%2f@127.0.0.1", "8.8.8.8\\@127.0.0.1", "a:b@0x7f.1",
    ];

    /// <summary>Of somebody's own network, of a cloud's own services, or of nobody.</summary>
    private static readonly string[] Elsewhere =
    [
        "10.0.0.1", "10.255.255.255", "012.0.0.1", "0xa.0.0.1", "167772161", "10.1", "172.16.0.1", "172.31.255.255", "0xac.0x10.0.1", "2886729729", "192.168.0.1", "192.168.1", "0300.0250.0.1", "3232235521", "0xc0a80001",
        "100.64.0.1", "100.127.255.255", "1681915905", "169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.254.43518", "169.16689662", "169.254.169.254.", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
        "168.63.129.16", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "4294967295", "0xffffffff",
        "[fe80::1]", "[fe80::1%251]", "[febf::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[fdff::1]", "[ff02::1]", "[ff0e::1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::8.8.8.8]",
        "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2002:c0a8:1::1]", "[2001::1]", "[2001:0:7f00:1::]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[::ffff:10.0.0.1]", "[::ffff:192.168.0.1]", "[::10.0.0.1]", "[4000::1]", "[8000::1]",
    ];

    [Fact]
    [Trait("attack", "S31")]
    public async Task Address_ThatIsNotPublic_IsNotConnectedTo_HoweverItIsSpelled()
    {
        using var listener = Listener();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var tried = 0;
        foreach (var host in Loopback.Concat(Elsewhere))
        {
            if (Read(host, port) is not { } url)
                continue;
            tried++;
            using var own = HttpTransport.Client(url, Inbox(), new UpstreamLimits(), publicOnly: true);
            var e = await Assert.ThrowsAsync<HttpRequestException>(() => own.GetAsync(url).WaitAsync(TimeSpan.FromSeconds(20)));
            // Not every system knows its own name with a dot behind it.
            Assert.True(e.ToString().Contains("no public address", StringComparison.Ordinal) || (url.IdnHost.EndsWith('.') && e.HttpRequestError == HttpRequestError.NameResolutionError), $"{host}: {e}");
        }

        Assert.True(tried >= 120, $"only {tried} of them are addresses");
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task Address_OfThisMachine_IsReachedUnderMostOfTheseSpellings_WhereNobodyForbidsIt()
    {
        using var listener = Listener();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var accepting = AcceptAllAsync(listener);
        var reached = 0;
        foreach (var host in Loopback)
        {
            if (Read(host, port) is not { } url)
                continue;
            using var client = HttpTransport.Client(url, Inbox(), new UpstreamLimits());
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            reached += await Record.ExceptionAsync(() => client.GetAsync(url, limit.Token)) is null ? 1 : 0;
        }

        listener.Stop();
        Assert.True(await accepting >= reached);
        Assert.True(reached >= 30, $"only {reached} of {Loopback.Length} spellings mean this machine: the test above says little");
    }

    [Fact]
    [Trait("attack", "S31")]
    public async Task Redirect_ToAnyOfThem_IsNotFollowed()
    {
        var (asked, to) = (0, "");
        using var listener = Listener();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.Run(http =>
        {
            asked++;
            http.Response.StatusCode = ((int[])[301, 302, 303, 307, 308])[asked % 5];
            http.Response.Headers.Location = to;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        var url = new Uri(app.Urls.First() + "/mcp");
        using var client = HttpTransport.Client(url, Inbox(), new UpstreamLimits());
        var spellings = Loopback.Concat(Elsewhere).Where(host => host.All(char.IsAscii)).ToArray();
        foreach (var host in spellings)
        {
            to = $"http://{host}:{port}/mcp";
            using var response = await client.GetAsync(url);
            Assert.InRange((int)response.StatusCode, 300, 399);
        }

        Assert.Equal(spellings.Length, asked);
        Assert.False(listener.Pending());
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("1.1.1.1", true)]
    [InlineData("9.255.255.255", true)]
    [InlineData("11.0.0.0", true)]
    [InlineData("100.63.255.255", true)]
    [InlineData("100.128.0.0", true)]
    [InlineData("172.15.255.255", true)]
    [InlineData("172.32.0.0", true)]
    [InlineData("192.167.255.255", true)]
    [InlineData("192.169.0.0", true)]
    [InlineData("169.253.255.255", true)]
    [InlineData("198.17.255.255", true)]
    [InlineData("223.255.255.255", true)]
    [InlineData("2606:4700:4700::1111", true)]
    [InlineData("2a00:1450:4001::1", true)]
    [InlineData("2001:4860:4860::8888", true)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::8.8.8.8", true)]
    [InlineData("2002:808:808::1", true)]
    [InlineData("192.88.99.1", false)]
    [InlineData("2001:1ff:ffff::1", false)]
    [InlineData("64:ff9b::c0a8:1", false)]
    [InlineData("2002:e000:1::1", false)]
    public void Address_IsPublic_WhereAnybodyMayHaveIt(string address, bool expected) => Assert.Equal(expected, PublicAddress.Is(IPAddress.Parse(address)));

    /// <summary>Null where it is no address, or a name that somebody else would have to be asked for; what this test is wrong about must not leave this machine.</summary>
    private static Uri? Read(string host, int port)
    {
        if (!Uri.TryCreate($"http://{host}:{port}/mcp", UriKind.Absolute, out var url))
            return null;
        if (IPAddress.TryParse(url.DnsSafeHost, out var address))
            Assert.False(PublicAddress.Is(address), host);
        return address is not null || url.IdnHost.TrimEnd('.') == "localhost" ? url : null;
    }

    private static TcpListener Listener()
    {
        // Both families, every local address: whatever gets through, arrives.
        var listener = new TcpListener(IPAddress.IPv6Any, 0);
        listener.Server.DualMode = true;
        listener.Start(200);
        return listener;
    }

    private static async Task<int> AcceptAllAsync(TcpListener listener)
    {
        for (var count = 0; ; count++)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync();
                await client.GetStream().ReadExactlyAsync(new byte[4]);
                await client.GetStream().WriteAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return count;
            }
        }
    }

    private static Inbox Inbox() => new("x", NullLogger.Instance);
}
