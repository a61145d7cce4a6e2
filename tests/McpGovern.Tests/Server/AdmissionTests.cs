using System.Net;
using System.Net.Sockets;
using System.Text;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>Who gets in: by Host, by Origin and by key, on every route.</summary>
public sealed class AdmissionTests(HttpGateway gateway) : IClassFixture<HttpGateway>
{
    public static TheoryData<string, string, int> Forms => new()
    {
        { "Host: 127.0.0.1:PORT", "", 401 },
        { "Host: localhost:PORT", "", 401 },
        { "Host: LOCALHOST:PORT", "", 401 },
        { "Host: [::1]:PORT", "", 401 },
        { "Host: gate.example", "", 401 },
        { "Host: localhost", "", 403 },
        { "Host: localhost:1", "", 403 },
        { "Host: localhost.:PORT", "", 403 },
        { "Host: evil.example:PORT", "", 403 },
        { "Host: evil.example", "", 403 },
        { "Host: localhost.evil.example:PORT", "", 403 },
        { "Host: 127.0.0.1.nip.io:PORT", "", 403 },
        { "Host: 127.0.0.2:PORT", "", 403 },
        { "Host: 0.0.0.0:PORT", "", 403 },
        { "Host: [::ffff:127.0.0.1]:PORT", "", 403 },
        { "Host: 2130706433:PORT", "", 403 },
        { "Host: evil.example:PORT", "X-Forwarded-Host: localhost:PORT", 403 },
        { "Host:", "", 403 },
        { "Host: localhost:PORT", "Host: evil.example", 400 },
        { "Host: localhost:PORT", "Origin: http://localhost:PORT", 401 },
        { "Host: localhost:PORT", "Origin: http://127.0.0.1:PORT", 401 },
        { "Host: gate.example", "Origin: https://gate.example", 401 },
        { "Host: gate.example", "Origin: http://gate.example", 403 },
        { "Host: localhost:PORT", "Origin: null", 403 },
        { "Host: localhost:PORT", "Origin:", 403 },
        { "Host: localhost:PORT", "Origin: http://localhost", 403 },
        { "Host: localhost:PORT", "Origin: http://localhost:1", 403 },
        { "Host: localhost:PORT", "Origin: http://evil.example", 403 },
        { "Host: localhost:PORT", "Origin: http://localhost.evil.example:PORT", 403 },
        { "Host: localhost:PORT", "Origin: http://evil.example@localhost:PORT", 403 },
        { "Host: localhost:PORT", "Origin: file://localhost:PORT", 403 },
        { "Host: localhost:PORT", "Origin: http://localhost:PORT http://evil.example", 403 },
    };

    [Theory, MemberData(nameof(Forms))]
    [Trait("row", "H4"), Trait("row", "H5")]
    [Trait("attack", "S2")]
    public async Task Request_WithHostAndOrigin_IsJudgedOnEveryRoute(string host, string more, int status)
    {
        foreach (var line in (string[])["POST /mcp", "GET /api/v1/approvals", "GET /executions/x/approvals", "GET /nowhere"])
        {
            Assert.Equal(status, await StatusAsync(line, host, more));
        }
    }

    [Theory]
    [InlineData("/healthz", 200)]
    [InlineData("/readyz", 200)]
    [InlineData("/mcp", 401)]
    [InlineData("/api/v1/calls", 401)]
    [InlineData("/executions/x/approvals", 401)]
    [InlineData("/nowhere", 401)]
    public async Task Request_WithoutAKey_IsToldToSendOne(string path, int status)
    {
        using var request = gateway.Request(HttpMethod.Get, path, key: null);
        using var response = await gateway.Client.SendAsync(request);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 401, response.Headers.WwwAuthenticate.Any(challenge => challenge.Scheme == "Bearer"));
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer wrong")]
    [InlineData("Basic " + HttpGateway.AliceKey)]
    [InlineData(HttpGateway.AliceKey)]
    [InlineData("Bearer " + HttpGateway.AliceKey + "x")]
    public async Task Request_WithAWrongCredential_Is401(string authorization)
    {
        using var request = gateway.Request(HttpMethod.Get, "/api/v1/calls", key: null);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await gateway.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public void Find_WithEitherKeyOfAnOwner_IsOneActorAndCredential()
    {
        var ring = new KeyRing([new("alice", Roles.Caller, [], "one"), new("alice", Roles.Approver, [], "two")]);

        Assert.Equal(ring.Find("one")!.Credential, ring.Find("two")!.Credential);
        Assert.Equal(("alice", "key", false), (ring.Find("one")!.Id, ring.Find("one")!.AuthMethod, ring.Find("one")!.PresenceProven));
        Assert.Null(ring.Find(""));
    }

    [Theory]
    [InlineData("http://127.0.0.1:7700", false, null)]
    [InlineData("http://localhost:7700", false, null)]
    [InlineData("http://[::1]:7700", false, null)]
    [InlineData("http://0.0.0.0:7700", true, "public_url: https://")]
    [InlineData("http://[::]:7700", true, "insecure_http: true")]
    [InlineData("http://0.0.0.0:7700", false, "add actors with keys")]
    [InlineData("http://[::]:7700", false, "add actors with keys")]
    [InlineData("http://192.0.2.1:7700", false, "add actors with keys")]
    [InlineData("https://127.0.0.1:7700", true, "reverse proxy")]
    [InlineData("http://gate.example:7700", true, "IP address")]
    [InlineData("http://127.0.0.1:7700/x", true, "no path")]
    [Trait("attack", "S1")]
    public void WhyNot_OfAListenAddress_SaysTheCure(string listen, bool actors, string? cure)
    {
        var options = new HttpOptions(new Uri(listen), actors ? [new("a", Roles.Caller, [], "k")] : [], "", "me");

        Assert.Equal(cure is null, options.WhyNot() is null);
        Assert.Contains(cure ?? "", options.WhyNot() ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://gate.example", false, true)]
    [InlineData("http://gate.example", false, false)]
    [InlineData("http://gate.example", true, true)]
    [InlineData(null, true, true)]
    [InlineData(null, false, false)]
    [Trait("attack", "S1")]
    public void WhyNot_BeyondLoopback_WantsTlsInFront_OrThatSomebodySaysNot(string? publicUrl, bool insecure, bool served)
    {
        foreach (var address in (string[])["http://0.0.0.0:7700", "http://[::]:7700", "http://192.0.2.1:7700"])
        {
            var options = new HttpOptions(new Uri(address), [new("a", Roles.Caller, [], "k")], "", "me")
            {
                PublicUrl = publicUrl is null ? null : new Uri(publicUrl),
                InsecureHttp = insecure,
            };
            Assert.Equal(served, options.WhyNot() is null);
            Assert.Contains("keys", (options with { Actors = [] }).WhyNot(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Open_ByManyAtOnce_MakesOnePairThatOnlyItsUserReads()
    {
        using var folder = new TempFolder();
        var path = folder.File("data/keys.json");

        var opened = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => LocalKeys.OpenAsync(path, "me", CancellationToken.None))));

        Assert.Single(opened, keys => keys.AreNew);
        Assert.Single(opened.Select(keys => string.Join(' ', keys.Entries.Select(e => $"{e.Id}={e.Key}"))).Distinct());
        Assert.Equal([("agent:local", Roles.Caller), ("me", Roles.All)], opened[0].Entries.Select(e => (e.Id, e.Roles)));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }
    }

    [SkippableFact]
    public async Task Open_OfAFileThatOthersCanRead_IsRefused()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes");
        using var folder = new TempFolder();
        var path = folder.Write("keys.json", """{"agent:local":"k"}""");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        }

        var refused = await Assert.ThrowsAsync<IOException>(() => LocalKeys.OpenAsync(path, "me", CancellationToken.None));

        Assert.Contains("delete it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToString_OfAnEntry_KeepsItsKey() => Assert.DoesNotContain("secret", $"{new ActorEntry("a", Roles.All, [], "secret")}", StringComparison.Ordinal);

    // Written by hand, since a client library would not send most of these.
    private async Task<int> StatusAsync(string line, params string[] headers)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, gateway.Address.Port);
        var lines = new[] { $"{line} HTTP/1.1" }.Concat(headers.Where(h => h.Length > 0)).Append("Connection: close").Append("Content-Length: 0");
        var request = string.Join("\r\n", lines).Replace("PORT", $"{gateway.Address.Port}", StringComparison.Ordinal) + "\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(client.GetStream());
        return int.Parse((await reader.ReadLineAsync())!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
