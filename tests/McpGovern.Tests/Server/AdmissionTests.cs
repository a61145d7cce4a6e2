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
    public static TheoryData<string, string> Accepted => new()
    {
        { "Host: 127.0.0.1:PORT", "" },
        { "Host: localhost:PORT", "" },
        { "Host: LOCALHOST:PORT", "" },
        { "Host: [::1]:PORT", "" },
        { "Host: gate.example", "" },
        { "Host: localhost:PORT", "Origin: http://localhost:PORT" },
        { "Host: localhost:PORT", "Origin: http://127.0.0.1:PORT" },
        { "Host: gate.example", "Origin: https://gate.example" },
    };

    [Theory, MemberData(nameof(Accepted))]
    [Trait("row", "H4"), Trait("row", "H5")]
    [Trait("attack", "S2")]
    public async Task Request_WithAHostAndOriginOfOurs_IsAskedForItsKey(string host, string more)
    {
        foreach (var line in (string[])["POST /mcp", "GET /api/v1/approvals", "GET /executions/x/approvals", "GET /nowhere"])
        {
            Assert.Equal(401, await StatusAsync(line, host, more));
        }

        Assert.Equal(200, await StatusAsync("GET /api/v1/approvals", host, more, WithAKey));
    }

    private const string Ours = "Host: localhost:PORT", WithAKey = "Authorization: Bearer " + HttpGateway.AliceKey;

    /// <summary>Hosts, alone or with a header that would stand in for them; then origins of the right host. Sixty, and all of them with a good key.</summary>
    private static readonly (string Host, string More)[] Refused =
    [
        .. new[]
        {
            "localhost", "localhost:1", "localhost:", "localhost:0PORT", "localhost.:PORT", "evil.example:PORT", "evil.example", "localhost.evil.example:PORT",
            "127.0.0.1.nip.io:PORT", "127.0.0.2:PORT", "127.1:PORT", "127.0.1:PORT", "0.0.0.0:PORT", "0:PORT", "0x7f.0.0.1:PORT", "0x7f000001:PORT", "0177.0.0.1:PORT",
            "127.0.0.01:PORT", "2130706433:PORT", "[::ffff:127.0.0.1]:PORT", "[::]:PORT", "[0:0:0:0:0:0:0:1]:PORT", "[::127.0.0.1]:PORT", "::1:PORT", "sub.localhost:PORT",
            "localhost.localdomain:PORT", "ip6-localhost:PORT", "localhost@evil.example:PORT", "evil.example@localhost:PORT", "localhost:PORT, evil.example",
            "gate.example.", "gate.example:PORT", "gate.example.evil.example", "evilgate.example", "",
        }.Select(host => ($"Host: {host}", "")),
        ("", ""),
        ("Host: evil.example:PORT", "X-Forwarded-Host: localhost:PORT"),
        ("Host: evil.example:PORT", "Forwarded: host=localhost:PORT"),
        (Ours, "Host: evil.example"),
        .. new[]
        {
            "null", "", "*", "http://localhost", "http://localhost:1", "http://evil.example", "http://evil.example:PORT", "http://localhost.evil.example:PORT",
            "http://evil.example@localhost:PORT", "http://localhost:PORT@evil.example", "http://localhost:PORT/", "http://localhost:PORT/x", "http://localhost:PORT?x",
            "file://localhost:PORT", "ws://localhost:PORT", "chrome-extension://localhost:PORT", "http://localhost:PORT http://evil.example", "http://sub.localhost:PORT",
            "localhost:PORT", "//localhost:PORT", "https://gate.example:8443",
        }.Select(origin => (Ours, $"Origin: {origin}")),
    ];

    public static TheoryData<int> RefusedForms => [.. Enumerable.Range(0, Refused.Length)];

    [Fact]
    public void RefusedForms_AreSixty() => Assert.Equal((60, 60), (Refused.Length, Refused.Distinct().Count()));

    [Theory, MemberData(nameof(RefusedForms))]
    [Trait("row", "H4"), Trait("row", "H5")]
    [Trait("attack", "S2")]
    public async Task Request_WithAForeignHostOrOrigin_ReachesNoHandler_WhateverItsKey(int form)
    {
        var (host, more) = Refused[form];
        var call = await gateway.ParkAsync(await gateway.OpenSessionAsync());
        foreach (var line in (string[])
            ["POST /mcp", "GET /api/v1/approvals", $"POST /api/v1/calls/{call}/approve", $"POST /executions/{call}/approve", $"GET /approvals/{call}", "GET /healthz", "GET /nowhere"])
        {
            foreach (var key in (string[])[WithAKey, ""])
            {
                var status = await StatusAsync(line, host, more, key);
                // Before us, the server itself finds fault with what is no host at all.
                Assert.True(status is 403 or 400, $"{line} with '{host}' and '{more}': {status}");
            }
        }

        Assert.Equal(2, (await gateway.Running.Gateway.Store.LoadAsync(call, default))!.Events.Count);
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
