using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams;

/// <summary>What a reference in a server's settings leads to, and what is said where it leads to nothing.</summary>
public sealed class CredentialTests : IDisposable
{
    private const string Slow = "took longer than 1 s";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("${file:token}", "secret\n", "secret")]
    [InlineData("${file:token}", "secret\r\n", "secret")]
    [InlineData("${file:token}", "secret\n\n", "secret\n")]
    [InlineData("${file:token}", " se cret ", " se cret ")]
    [InlineData("a ${file:token} b ${file:token}", "x", "a x b x")]
    [InlineData("${NAME}-${file:token}-${NOT_SET:-d}", "x", "n-x-d")]
    [InlineData("${file:sub/../token}", "x", "x")]
    [InlineData("${cmd:/bin/cat token}", " secret \n", "secret")]
    [InlineData("${cmd:/bin/echo \"two  words\" 'and $HOME'}", "", "two  words and $HOME")]
    [InlineData("${cmd:/bin/echo a;ls|x&&y `z` >f}", "", "a;ls|x&&y `z` >f")]
    [InlineData("${cmd:/bin/echo \"a } b\"}", "", "a } b")]
    [InlineData("${cmd:/bin/sh -c 'echo out; echo err >&2'}", "", "out")]
    [InlineData("${cmd:/bin/sh -c 'pwd; printenv MCPGOVERN_KEY; cat; true'}", "", "FOLDER")]
    public async Task Reference_ThatLeadsSomewhere_SaysWhatIsThere(string text, string file, string expected)
    {
        folder.Write("token", file);
        Directory.CreateDirectory(folder.File("sub"));
        var config = ReferringConfig.Read(folder, ReferringConfig.Stdio(new { TOKEN = text }), new Dictionary<string, string> { ["NAME"] = "n" });

        var resolved = await Credentials(config).ResolveAsync(default);

        Assert.Equal(expected.Replace("FOLDER", folder.Path, StringComparison.Ordinal), resolved.Env["TOKEN"]);
        Assert.False(File.Exists(folder.File("f")));
    }

    [Theory]
    [InlineData("${file:nowhere}", "does not exist")]
    [InlineData("${file:no/where}", "does not exist")]
    [InlineData("${file:empty}", "is empty")]
    [InlineData("${file:line}", "is empty")]
    [InlineData("${file:.}", "cannot be read")]
    [InlineData("${file:large}", "is no text of at most 64 KiB")]
    [InlineData("${file:binary}", "is no text of at most 64 KiB")]
    [InlineData("${file:nul}", "is no text")]
    [InlineData("${cmd:no-such-program-at-all}", "names no program that can be found")]
    [InlineData("${cmd:./empty}", "names no program that can be found")]
    [InlineData("${cmd:/bin/sh -c 'echo canary-canary; exit 7'}", "ended with code 7")]
    [InlineData("${cmd:/bin/sh -c 'echo canary-canary >&2; exit 1'}", "ended with code 1")]
    [InlineData("${cmd:/bin/true}", "is empty")]
    [InlineData("${cmd:/bin/cat large}", "said no text of at most 64 KiB")]
    [InlineData("${cmd:/bin/cat binary}", "said no text of at most 64 KiB")]
    [InlineData("${cmd:/bin/sleep 600}", Slow)]
    [InlineData("${cmd:/bin/sh -c 'sleep 600 & wait'}", Slow)]
    public async Task Reference_ThatLeadsNowhere_IsNamedWithItsSetting(string text, string why)
    {
        folder.Write("empty", "");
        folder.Write("line", "\n");
        folder.Write("large", new string('x', (64 << 10) + 1));
        folder.Write("nul", "a\0b");
        File.WriteAllBytes(folder.File("binary"), [0xff, 0xfe, 0x80]);
        var config = ReferringConfig.Read(folder, new { type = "http", url = "http://127.0.0.1:1/mcp", headers = new Dictionary<string, string> { ["X-Key"] = text } });

        var e = await Assert.ThrowsAsync<CredentialException>(() => Credentials(config, why == Slow ? 1 : 60).ResolveAsync(default));

        Assert.StartsWith($"headers.X-Key: {text} {why}", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary-canary", e.Message.Replace(text, "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Null(e.InnerException);
    }

    [Theory]
    [InlineData("headers", "one\ntwo", "holds line ends or other characters that no header may hold")]
    [InlineData("headers", "schl\u00fcssel", "holds line ends or other characters that no header may hold")]
    [InlineData("headers", "a\u0001b", "holds line ends or other characters that no header may hold")]
    [InlineData("env", "one\ntwo", null)]
    public async Task Text_ThatNoHeaderMayHold_IsNotPutIntoOne(string place, string held, string? why)
    {
        folder.Write("token", held);
        var config = ReferringConfig.Read(folder, place == "env" ? ReferringConfig.Stdio(new { K = "${file:token}" })
            : new { type = "http", url = "http://127.0.0.1:1/mcp", headers = new { K = "${file:token}" } });

        var e = await Record.ExceptionAsync(() => Credentials(config).ResolveAsync(default));

        Assert.Equal(why is null ? null : $"headers.K: ${{file:token}} {why}", e?.Message);
    }

    [Theory]
    [InlineData("/s/tok-1/mcp?k=tok-1", "tok-1")]
    [InlineData(null, "tok 1/../../x\\@evil:1/#y")]
    public async Task Address_MayHaveAReferenceInItsPathAndQuery(string? expected, string token)
    {
        folder.Write("token", token);
        var config = ReferringConfig.Read(folder, new { url = "http://127.0.0.1:81/s/${file:token}/mcp?k=${file:token}" });

        var resolved = await Credentials(config).ResolveAsync(default);

        Assert.Equal("127.0.0.1:81", resolved.Url!.Authority);
        if (expected is not null)
            Assert.Equal(expected, resolved.Url.PathAndQuery);
        Assert.Contains("$%7Bfile:token%7D", config.Url!.AbsoluteUri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fingerprint_IsMadeOfReferencesAndNames_NotOfWhatTheySay()
    {
        object Server(string path) => new { url = $"http://127.0.0.1:81/{path}?k=${{file:token}}", headers = new { A = "${file:token}", B = "${NAME}" } };
        var before = ReferringConfig.Read(folder, Server("mcp"), new Dictionary<string, string> { ["NAME"] = "one" });
        folder.Write("token", "x");
        var resolved = await Credentials(before).ResolveAsync(default);
        var after = ReferringConfig.Read(folder, Server("mcp"), new Dictionary<string, string> { ["NAME"] = "two" });

        Assert.Equal(before.Fingerprint, after.Fingerprint);
        Assert.NotEqual(before.Fingerprint, ReferringConfig.Read(folder, Server("other"), new Dictionary<string, string> { ["NAME"] = "one" }).Fingerprint);
        Assert.Equal("/mcp?k=x", resolved.Url!.PathAndQuery);
        // As it was before there were references: a name counts, however its value is given.
        var plain = new UpstreamConfig("fake", "fake", "http", null, [], new Dictionary<string, string>(), null, before.Url, new Dictionary<string, string> { ["A"] = "1", ["B"] = "2" });
        Assert.Equal(plain.Fingerprint, before.Fingerprint);
    }

    [Fact]
    public async Task Command_ThatIsEnded_LeavesNothingBehind()
    {
        var config = ReferringConfig.Read(folder, ReferringConfig.Stdio(new { T = "${cmd:/bin/sh -c 'sleep 600 & echo $! > pid; wait'}" }));

        // A busy machine may take the shell's whole second before it says whom it started.
        await Eventually.TrueAsync(async () =>
        {
            await Assert.ThrowsAsync<CredentialException>(() => Credentials(config, 1).ResolveAsync(default));
            return File.Exists(folder.File("pid")) && File.ReadAllText(folder.File("pid")).EndsWith('\n');
        }, () => "the shell's child was never named");

        await ProcessTable.GoneAsync(int.Parse(File.ReadAllText(folder.File("pid")), null));
    }

    [Theory]
    [InlineData("my-token-12345 was refused", "*** was refused")]
    [InlineData("/x?k=my%2Ftoken%2B12345&y", "/x?k=***&y")]
    [InlineData("""{"k":"my\"token+12345","l":"my\u0022token\u002B12345","m":"my\/token+12345"}""", """{"k":"***","l":"***","m":"***"}""")]
    [InlineData("-----BEGIN----- | second-line-of-it", "*** | ***")]
    [InlineData("short and 1234567", "short and 1234567")]
    public void Mask_HidesASecretInEveryForm(string text, string expected) =>
        Assert.Equal(expected, new CredentialMask("my-token-12345", "my/token+12345", "my\"token+12345", "-----BEGIN-----\nsecond-line-of-it\n", "short", "1234567").Of(text));

    private static UpstreamCredentials Credentials(UpstreamConfig config, int seconds = 60) =>
        new(config, new UpstreamLimits { CredentialTimeout = TimeSpan.FromSeconds(seconds) }, TimeProvider.System);
}
