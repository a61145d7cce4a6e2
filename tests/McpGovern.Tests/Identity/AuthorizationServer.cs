using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Server;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Identity;

/// <summary>An authorization server's keys and tokens, signed by hand so that every wrong one can be made too.</summary>
internal sealed class AuthorizationServer : HttpMessageHandler
{
    public const string Issuer = "https://id.example", Audience = "https://gate.example/mcp";

    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ECDsa _ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>How often the keys were asked for.</summary>
    public int Fetches { get; private set; }

    public bool IsAway { get; set; }

    /// <summary>What an answer waits for.</summary>
    public Task Answering { get; set; } = Task.CompletedTask;

    public string RsaKeyId { get; set; } = "rsa-1";

    public RSA Rsa => _rsa;

    public byte[] PublicPem => Encoding.ASCII.GetBytes(_rsa.ExportSubjectPublicKeyInfoPem());

    public WebTokens Tokens(TimeProvider time, params ActorEntry[] entries) => new(
        new TokenSettings(Issuer, Audience, new Uri("https://id.example/jwks")),
        new SigningKeys(new Uri("https://id.example/jwks"), this, time, NullLogger<SigningKeys>.Instance), entries);

    public static JsonObject Claims(Action<JsonObject>? change = null)
    {
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["aud"] = Audience,
            ["sub"] = "alice",
            ["client_id"] = "c",
            ["iat"] = Now.ToUnixTimeSeconds(),
            ["exp"] = Now.AddHours(1).ToUnixTimeSeconds(),
        };
        change?.Invoke(claims);
        return claims;
    }

    public string Rs256(JsonObject claims, Action<JsonObject>? header = null) => Rs256(claims.ToJsonString(), header);

    public string Rs256(string claims, Action<JsonObject>? header = null) => Write("RS256", RsaKeyId, claims, header,
        data => _rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public string Es256(JsonObject claims) => Write("ES256", "ec-1", claims.ToJsonString(), null, data => _ecdsa.SignData(data, HashAlgorithmName.SHA256));

    public static string Write(string algorithm, string keyId, string claims, Action<JsonObject>? change, Func<byte[], byte[]> sign)
    {
        var header = new JsonObject { ["alg"] = algorithm, ["typ"] = "at+jwt", ["kid"] = keyId };
        change?.Invoke(header);
        var signed = $"{Part(header.ToJsonString())}.{Part(claims)}";
        return $"{signed}.{System.Buffers.Text.Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    public static string Part(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Fetches++;
        await Answering.WaitAsync(cancellationToken);
        if (IsAway)
        {
            throw new HttpRequestException("refused");
        }

        var rsa = _rsa.ExportParameters(false);
        var point = _ecdsa.ExportParameters(false).Q;
        var keys = new object[]
        {
            new { kty = "RSA", use = "sig", kid = RsaKeyId, n = Text(rsa.Modulus!), e = Text(rsa.Exponent!) },
            new { kty = "EC", use = "sig", kid = "ec-1", crv = "P-256", x = Text(point.X!), y = Text(point.Y!) },
        };
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(JsonSerializer.Serialize(new { keys })) };
    }

    protected override void Dispose(bool disposing)
    {
        _rsa.Dispose();
        _ecdsa.Dispose();
        base.Dispose(disposing);
    }

    private static string Text(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
