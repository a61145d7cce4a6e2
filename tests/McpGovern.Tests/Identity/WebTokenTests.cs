using System.Security.Cryptography;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.Identity;

/// <summary>Which tokens are somebody, and whom; everything else is nobody.</summary>
public sealed class WebTokenTests : IDisposable
{
    private static readonly ActorEntry Alice = new("alice", Roles.Caller | Roles.Approver, ["finance"], null);

    private readonly AuthorizationServer _server = new();
    private readonly MovableTime _time = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("attack", "S12")]
    public async Task Token_OfAKnownSubject_HasItsRolesAndGroups()
    {
        var tokens = _server.Tokens(_time, Alice);
        foreach (var token in (string[])[_server.Rs256(AuthorizationServer.Claims()), _server.Es256(AuthorizationServer.Claims())])
        {
            var actor = await tokens.FindAsync(token, default);
            Assert.Equal(("alice", "key:alice", "jwt", Roles.Caller | Roles.Approver), (actor!.Id, actor.Credential, actor.AuthMethod, actor.Roles));
            Assert.Equal(["finance"], actor.Groups);
            Assert.False(actor.PresenceProven);
        }
    }

    [Theory]
    [InlineData("mcpgovern:call", Roles.Caller, true)]
    [InlineData("openid mcpgovern:approve", Roles.Approver, false)]
    [InlineData("openid", Roles.Caller | Roles.Approver, false)]
    [InlineData("mcpgovern:operate mcpgovern:audit", Roles.None, true)]
    public async Task Token_WithScopes_IsNarrowedByOurs(string scope, Roles roles, bool decidesNothing)
    {
        var actor = await _server.Tokens(_time, Alice).FindAsync(_server.Rs256(AuthorizationServer.Claims(c => c["scope"] = scope)), default);
        Assert.Equal((roles, decidesNothing), (actor!.Roles, actor.DecidesNothing));
    }

    [Fact]
    public async Task Token_OfAnAgentThatActsForAPerson_IsTheAgent_AndSharesThePersonsCredential()
    {
        var token = _server.Rs256(AuthorizationServer.Claims(c => c["act"] = new JsonObject { ["sub"] = "coder" }));
        var actor = await _server.Tokens(_time, Alice).FindAsync(token, default);

        Assert.Equal(("agent:coder", "key:alice", Roles.Caller), (actor!.Id, actor.Credential, actor.Roles));
        Assert.True(actor.IsAgent);
    }

    public static TheoryData<string> WrongOnes => [.. Wrong.Keys];

    private static readonly Dictionary<string, Func<AuthorizationServer, string>> Wrong = new()
    {
        ["another audience"] = s => s.Rs256(AuthorizationServer.Claims(c => c["aud"] = "https://other.example")),
        ["no audience"] = s => s.Rs256(AuthorizationServer.Claims(c => c.Remove("aud"))),
        ["another issuer"] = s => s.Rs256(AuthorizationServer.Claims(c => c["iss"] = "https://id.example.evil")),
        ["expired"] = s => s.Rs256(AuthorizationServer.Claims(c => c["exp"] = DateTimeOffset.UtcNow.AddMinutes(-2).ToUnixTimeSeconds())),
        ["no end"] = s => s.Rs256(AuthorizationServer.Claims(c => c.Remove("exp"))),
        ["not yet"] = s => s.Rs256(AuthorizationServer.Claims(c => c["nbf"] = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds())),
        ["no subject"] = s => s.Rs256(AuthorizationServer.Claims(c => c.Remove("sub"))),
        ["subject with a newline"] = s => s.Rs256(AuthorizationServer.Claims(c => c["sub"] = "alice\nadmin")),
        ["subject is no text"] = s => s.Rs256(AuthorizationServer.Claims(c => c["sub"] = 7)),
        ["acting without a subject"] = s => s.Rs256(AuthorizationServer.Claims(c => c["act"] = new JsonObject())),
        ["acting is no object"] = s => s.Rs256(AuthorizationServer.Claims(c => c["act"] = "bob")),
        ["an id token"] = s => s.Rs256(AuthorizationServer.Claims(), h => h["typ"] = "id+jwt"),
        ["any token"] = s => s.Rs256(AuthorizationServer.Claims(), h => h["typ"] = "JWT"),
        ["no type"] = s => s.Rs256(AuthorizationServer.Claims(), h => h.Remove("typ")),
        ["something critical"] = s => s.Rs256(AuthorizationServer.Claims(), h => h["crit"] = new JsonArray("b64")),
        ["alg none"] = s => s.Rs256(AuthorizationServer.Claims(), h => h["alg"] = "none"),
        ["alg none, unsigned"] = s => AuthorizationServer.Write("none", s.RsaKeyId, AuthorizationServer.Claims().ToJsonString(), null, _ => []),
        ["alg of another signature"] = s => s.Rs256(AuthorizationServer.Claims(), h => h["alg"] = "RS512"),
        ["alg of the other key"] = s => s.Rs256(AuthorizationServer.Claims(), h => h["alg"] = "ES256"),
        ["the public key as a secret"] = s => AuthorizationServer.Write("HS256", s.RsaKeyId, AuthorizationServer.Claims().ToJsonString(), null,
            data => HMACSHA256.HashData(s.PublicPem, data)),
        ["another key"] = s => Forged(s.RsaKeyId, null),
        ["another key without a name"] = _ => Forged("x", h => h.Remove("kid")),
        ["another key, sent along"] = s => Forged(s.RsaKeyId, h => h["jwk"] = new JsonObject { ["kty"] = "RSA", ["n"] = "AQAB", ["e"] = "AQAB" }),
        ["another key, to be fetched"] = s => Forged(s.RsaKeyId, h => h["jku"] = "https://evil.example/jwks"),
        ["a key that is not there"] = s => s.Rs256(AuthorizationServer.Claims(), h => h["kid"] = "rsa-2"),
        ["a path for a key"] = s => s.Rs256(AuthorizationServer.Claims(), h => h["kid"] = "../../dev/null"),
        ["a claim twice"] = s => s.Rs256($$"""{"aud":"x",{{AuthorizationServer.Claims().ToJsonString()[1..]}}"""),
        ["a header member twice"] = s => Twice(s.Rs256(AuthorizationServer.Claims())),
        ["half a surrogate pair"] = s => s.Rs256("""{"x":"\ud800",""" + AuthorizationServer.Claims().ToJsonString()[1..]),
        ["encrypted"] = s => s.Rs256(AuthorizationServer.Claims()) + ".AAAA.BBBB",
        ["two parts"] = s => string.Join('.', s.Rs256(AuthorizationServer.Claims()).Split('.')[..2]),
        ["too long"] = s => s.Rs256(AuthorizationServer.Claims(c => c["x"] = new string('x', TokenShape.MaxLength))),
        ["no signature"] = s => s.Rs256(AuthorizationServer.Claims())[..^342],
        ["empty"] = _ => "",
        ["dots"] = _ => "..",
    };

    [Theory, MemberData(nameof(WrongOnes))]
    public async Task Token_ThatIsWrong_IsNobody(string what)
    {
        var tokens = _server.Tokens(_time, Alice);
        Assert.NotNull(await tokens.FindAsync(_server.Rs256(AuthorizationServer.Claims()), default));
        Assert.Null(await tokens.FindAsync(Wrong[what](_server), default));
    }

    [Fact]
    public async Task Token_ChangedAnywhere_IsNobody()
    {
        const int Mutations = 5000, Seed = 20261121;
        var tokens = _server.Tokens(_time, Alice);
        var random = new Random(Seed);
        string[] good = [_server.Rs256(AuthorizationServer.Claims()), _server.Es256(AuthorizationServer.Claims())];
        for (var i = 0; i < Mutations; i++)
        {
            var changed = Mutate(good[i % 2], random);
            Assert.True(changed == good[i % 2] || await tokens.FindAsync(changed, default) is null, $"seed {Seed}, mutation {i}: {changed}");
        }
    }

    [Fact]
    public async Task Keys_AreFetchedOnce_AgainForANewName_AndNotInAFlood()
    {
        var tokens = _server.Tokens(_time, Alice);
        for (var i = 0; i < 50; i++)
        {
            Assert.NotNull(await tokens.FindAsync(_server.Rs256(AuthorizationServer.Claims()), default));
            Assert.Null(await tokens.FindAsync(_server.Rs256(AuthorizationServer.Claims(), h => h["kid"] = $"made-up-{i}"), default));
        }

        Assert.Equal(1, _server.Fetches);
    }

    [Fact]
    public async Task Keys_WhoseFirstAskerHangsUp_AreThereForTheNext()
    {
        var tokens = _server.Tokens(_time, Alice);
        var answering = new TaskCompletionSource();
        _server.Answering = answering.Task;
        using var hangUp = new CancellationTokenSource();
        var first = tokens.FindAsync(_server.Rs256(AuthorizationServer.Claims()), hangUp.Token).AsTask();
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        answering.SetResult();

        Assert.NotNull(await tokens.FindAsync(_server.Rs256(AuthorizationServer.Claims()), default));
    }

    private static string Forged(string keyId, Action<JsonObject>? header)
    {
        using var rsa = RSA.Create(2048);
        return AuthorizationServer.Write("RS256", keyId, AuthorizationServer.Claims().ToJsonString(), header,
            data => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private static string Twice(string token) =>
        AuthorizationServer.Part("""{"alg":"RS256","alg":"RS256","typ":"at+jwt","kid":"rsa-1"}""") + token[token.IndexOf('.', StringComparison.Ordinal)..];

    private static string Mutate(string token, Random random)
    {
        var at = random.Next(token.Length);
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ";
        var other = Alphabet[random.Next(Alphabet.Length)];
        return random.Next(3) switch
        {
            0 => token[..at] + other + token[(at + 1)..],
            1 => token[..at] + token[(at + 1)..],
            _ => token[..at] + other + token[at..],
        };
    }
}
