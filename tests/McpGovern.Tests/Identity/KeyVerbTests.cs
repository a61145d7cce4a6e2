using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Identity;

/// <summary>Keys from the command line to the door, with the product's own processes.</summary>
public sealed class KeyVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _settings;

    public KeyVerbTests() => _settings = _folder.WriteJson("mcpgovern.json", new
    {
        version = 1,
        store = "sqlite:./store.db",
        policy = new { version = 1, @default = "deny" },
        public_url = "https://gate.example",
        tokens = new { issuer = "https://id.example", jwks = "http://127.0.0.1:9/jwks" },
    });

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Key_MadeAtTheCommandLine_OpensARunningServer_UntilItIsRevoked()
    {
        await using var serving = await GovernProcess.ServeAsync(_settings);
        using var http = new HttpClient { BaseAddress = serving.Address };
        var made = await GovernProcess.RunToEndAsync("keys create", _settings, ["alice", "--role", "approver", "--expires", "90d"]);
        Assert.Equal(0, made.ExitCode);
        var key = made.Output.Trim();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/api/v1/approvals", UriKind.Relative))).StatusCode);

        var list = await GovernProcess.RunToEndAsync("keys list", _settings, ["--json"]);
        var listed = Assert.Single(JsonElement.Parse(list.Output).GetProperty("keys").EnumerateArray());
        Assert.True(listed.GetProperty("live").GetBoolean());
        Assert.DoesNotContain(key[18..], list.Output, StringComparison.Ordinal);
        var revoked = await GovernProcess.RunToEndAsync("keys revoke", _settings, [listed.GetProperty("id").GetString()!]);
        Assert.Equal(0, revoked.ExitCode);

        await Eventually.TrueAsync(async () => (await http.GetAsync(new Uri("/api/v1/approvals", UriKind.Relative))).StatusCode == HttpStatusCode.Unauthorized,
            () => "the revoked key is still let in");
    }

    [Fact]
    public async Task Server_ThatTakesTokens_TellsWhereTheyComeFrom()
    {
        await using var serving = await GovernProcess.ServeAsync(_settings);
        using var http = new HttpClient { BaseAddress = serving.Address };

        using var refused = await http.GetAsync(new Uri("/api/v1/approvals", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains("resource_metadata=\"https://gate.example/.well-known/oauth-protected-resource/mcp\"",
            refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        foreach (var path in (string[])["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"])
        {
            var metadata = JsonElement.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative)));
            Assert.Equal("https://gate.example/mcp", metadata.GetProperty("resource").GetString());
            Assert.Equal("https://id.example", metadata.GetProperty("authorization_servers")[0].GetString());
        }
    }

    [Theory]
    [InlineData("create", "alice --role boss", 2, "unknown role 'boss'")]
    [InlineData("create", "alice --expires soon", 2, "'soon' is no time")]
    [InlineData("create", "alice --expires 0s", 2, "'0s' is no time")]
    [InlineData("revoke", "0123", 5, "there is no key '0123'")]
    public async Task Verb_WithBadInput_SaysWhatToWrite(string verb, string args, int exitCode, string text)
    {
        var finished = await GovernProcess.RunToEndAsync($"keys {verb}", _settings, args.Split(' '));

        Assert.Equal(exitCode, finished.ExitCode);
        Assert.Contains(text, finished.Errors, StringComparison.Ordinal);
    }
}
