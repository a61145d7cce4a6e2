using McpGovern.Policy;
using McpGovern.Settings;

namespace McpGovern.Tests.Settings;

public sealed class SettingsLoadTests : IDisposable
{
    private const string Least = "policy: { default: deny }\n";
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Load_WithTheDesignsExample_ReadsAllOfIt()
    {
        scratch.Write("policies/payments.yaml", "default: deny\n");
        scratch.Environment["BILLING_TOKEN"] = "t0ken";
        scratch.Environment["CODER_KEY"] = "coder-key-0123456789";
        scratch.Environment["ALICE_KEY"] = "alice-key-0123456789";
        var result = scratch.Load("""
            version: 1
            store: sqlite:./data/mcpgovern.db          # or a postgres:// URL or Npgsql connection string
            policies: [policies/payments.yaml]         # files, relative to this one; and/or policy: { ... } inline
            hold: 8s
            listen: http://127.0.0.1:7700
            mcpServers:
              payments: { command: dotnet, args: [run, --project, examples/payments/server] }
              billing:  { type: http, url: "https://billing.example/mcp", headers: { Authorization: "Bearer ${BILLING_TOKEN}" } }
            actors:                                     # who may come in over HTTP; stdio uses --as
              - { id: "agent:coder", roles: [caller], key: "${CODER_KEY}" }
              - { id: alice, groups: [finance], roles: [caller, approver], key: "${ALICE_KEY}" }
            """);
        Assert.Empty(result.Errors);
        Assert.Empty(result.Warnings);
        var settings = result.Settings!;
        Assert.Equal("sqlite:" + Path.Combine(scratch.Folder, "data", "mcpgovern.db"), settings.Store);
        Assert.Equal(Path.Combine(scratch.Folder, "mcpgovern.yaml"), settings.Scope);
        Assert.Equal([Path.Combine(scratch.Folder, "policies", "payments.yaml")], settings.PolicyPaths);
        Assert.Equal("policies/payments.yaml:1", settings.Policy.Evaluate(PolicyCall.Named("a.b", "{}")).Source);
        Assert.Equal(["stdio", "http"], settings.Upstreams.Select(u => u.Transport));
        Assert.Equal(["run", "--project", "examples/payments/server"], settings.Upstreams[0].Args);
        Assert.Equal(scratch.Folder, settings.Upstreams[0].Cwd);
        Assert.Equal("Bearer t0ken", settings.Upstreams[1].Headers["Authorization"]);
        Assert.Equal("alice-key-0123456789", settings.Actors[1].Key);
        Assert.Equal(["caller", "approver"], settings.Actors[1].Roles);
    }

    [Fact]
    public void Load_WithTheLeast_FillsInDefaults()
    {
        var settings = Settings(Least);
        Assert.Equal("sqlite:" + Path.Combine(scratch.Folder, "data", "mcpgovern.db"), settings.Store);
        Assert.Equal(TimeSpan.FromSeconds(8), settings.Hold);
        Assert.Equal("http://127.0.0.1:7700/", settings.Listen.ToString());
        Assert.Equal(new Caps(1000, 8 << 20, 1 << 20, 16 << 20), settings.Caps);
        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.FromDays(30)), (settings.CallTimeout, settings.Retention));
    }

    [Theory]
    [InlineData(null, null, PinEffect.Approve)]
    [InlineData("approve", null, PinEffect.Approve)]
    [InlineData("withdraw", null, PinEffect.Withdraw)]
    [InlineData("off", null, PinEffect.Off)]
    [InlineData(null, "withdraw", PinEffect.Withdraw)]
    [InlineData("off", "withdraw", PinEffect.Withdraw)]
    public void Load_WithPins_TakesTheKeyAndTheEnvironmentOverIt(string? key, string? variable, PinEffect expected)
    {
        if (variable is not null)
            scratch.Environment["MCPGOVERN_PINS"] = variable;

        Assert.Equal(expected, Settings(Least + (key is null ? "" : $"pins: {key}\n")).Pins);
    }

    [Theory]
    [InlineData("pins: of", "unknown pins 'of'; use approve, withdraw or off")]
    [InlineData("pins: [off]", "unknown pins a list")]
    [InlineData("legacy_sse: yes", "'legacy_sse' is 'yes'")]
    [InlineData("insecure_http: 1", "'insecure_http' is '1'")]
    public void Load_WithASwitchThatIsNone_SaysSo(string line, string expected) =>
        Assert.Contains(expected, Assert.Single(scratch.Load(Least + line).Errors).ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("legacy_sse")]
    [InlineData("insecure_http")]
    public void Load_WithASwitch_TakesFlagOverEnvironmentOverFile(string key)
    {
        bool Of(GovernSettings settings) => key == "legacy_sse" ? settings.LegacySse : settings.InsecureHttp;
        Assert.False(Of(Settings(Least)));
        Assert.True(Of(Settings($"{Least}{key}: true\n")));

        scratch.Environment[$"MCPGOVERN_{key.ToUpperInvariant()}"] = "true";
        Assert.True(Of(Settings(Least)));
        Assert.True(Of(Settings($"{Least}{key}: false\n")));
        Assert.False(Of(Settings(Least, (key, "false"))));
        scratch.Environment[$"MCPGOVERN_{key.ToUpperInvariant()}"] = "false";
        Assert.False(Of(Settings($"{Least}{key}: true\n")));
        Assert.True(Of(Settings(Least, (key, "true"))));
        scratch.Environment[$"MCPGOVERN_{key.ToUpperInvariant()}"] = "perhaps";
        Assert.Contains($"MCPGOVERN_{key.ToUpperInvariant()}: '{key}' is 'perhaps'; write true or false", scratch.Load(Least).Errors.Select(e => e.ToString()));
    }

    [Fact]
    public void Load_WithFiveFaults_NamesAllFiveWithPlaceAndCure()
    {
        scratch.Write("p.yaml", "default: deny\ndeny: [a]\nblok: [b]\n");
        var result = scratch.Load("""
            version: 1
            holt: 8s
            policies: [p.yaml, missing.yaml]
            hold: 56s
            mcpServers:
              a: { comand: x }
            """);
        Assert.Null(result.Settings);
        Assert.Equal(
            [
                "mcpgovern.yaml:2: unknown key 'holt'; did you mean 'hold'?",
                $"mcpgovern.yaml:3: the policy file 'missing.yaml' does not exist; create {Path.Combine(scratch.Folder, "missing.yaml")}, or name another",
                "mcpgovern.yaml:4: 'hold' is longer than clients wait; write at most 55s",
                "mcpgovern.yaml:6: server 'a': it has neither 'command' nor 'url'; write { command: npx, args: [...] } or { type: http, url: \"https://...\" }",
                "p.yaml:3: unknown key 'blok'; use version, default, allow, deny, blocked_tools, require_approval_for, rules, tools, tests or explain",
            ],
            result.Errors.Select(e => e.ToString()));
    }

    [Theory]
    [InlineData("version: 1", "there is no policy")]
    [InlineData("policies: []", "there is no policy")]
    [InlineData("policy: {}", "'policy' is empty")]
    [InlineData("policy: p.yaml", "files are named under 'policies'")]
    [InlineData("policy: { default: deny }\ntokens: { issuer: x, jwks: \"https://id.example/k\" }", "mcpgovern.yaml:2: tokens: 'audience' is missing")]
    [InlineData("policy: { default: deny }\ntokens: { issuer: x, audience: \"https://a/mcp\", jwks: \"http://id.example/k\" }", "which is no https address")]
    [InlineData("policy: { default: deny }\ntokens: { issuer: x, audience: a, jwks: \"https://id.example/k\" }", "'audience' is 'a'")]
    [InlineData("policies: p.yaml", "write a list of files")]
    [InlineData("policy: { default: maybe }", "mcpgovern.yaml:1: unknown default 'maybe'")]
    [InlineData(Least + "hold: 8", "write a unit: 8s, 8m, 8h or 8d")]
    [InlineData(Least + "hold: 8sec", "which is no time")]
    [InlineData(Least + "hold: never", "which is no time")]
    [InlineData(Least + "call_timeout: 0s", "write a time above 0s")]
    [InlineData(Least + "caps: { arguments: 8MB }", "which is no size")]
    [InlineData(Least + "caps: { arguments: 99999999GiB }", "under 2GiB")]
    [InlineData(Least + "caps: { argument: 8MiB }", "did you mean 'arguments'?")]
    [InlineData(Least + "listen: 127.0.0.1:7700", "which is no http address")]
    [InlineData(Least + "listen: https://127.0.0.1", "which is no http address")]
    [InlineData(Least + "store: 'sqlite::memory:'", "outlive the process")]
    [InlineData(Least + "store: ./x.db", "no kind of store")]
    [InlineData(Least + "store: \"Host=x;Password=${PW}\"", "mcpgovern.yaml:2: the variable PW is not set")]
    [InlineData(Least + "actors: [{ id: a, key: \"${NOPE}\" }]", "actor 'a': the variable NOPE is not set; set it, or write ${NOPE:-default}")]
    [InlineData(Least + "actors: [{ roles: [caller] }]", "'id' is missing")]
    [InlineData(Least + "actors: [{ id: a, roles: [aprover] }]", "unknown role 'aprover'; did you mean 'approver'?")]
    [InlineData(Least + "actors: [{ id: a }, { id: a }]", "two actors have this id")]
    [InlineData(Least + "actors: [{ id: a, key: 0123456789abcdef }, { id: b, key: 0123456789abcdef }]", "another actor has the same key")]
    [InlineData("- a", "settings cannot be a list")]
    [InlineData(Least + "hold: 8s\nhold: 9s", "'hold' is given twice")]
    public void Load_WithAFault_SaysWhat(string text, string expected)
    {
        var result = scratch.Load(text);
        Assert.Null(result.Settings);
        Assert.Contains(expected, Assert.Single(result.Errors).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("store: \"Host=db;Username=u\"", "default", "Host=db;Username=u")]
    [InlineData("store: postgres://u@db/x", "default", "postgres://u@db/x")]
    [InlineData("store: sqlite:///srv/x.db\nname: prod", "prod", "sqlite:/srv/x.db")]
    public void Load_WithAStore_SetsItsScope(string text, string scope, string store)
    {
        var settings = Settings(Least + text);
        Assert.Equal((scope, store), (settings.Scope, settings.Store));
    }

    [Fact]
    public void Load_WithOverrides_TakesFlagOverEnvironmentOverFile()
    {
        scratch.Environment["MCPGOVERN_HOLD"] = "5s";
        scratch.Environment["MCPGOVERN_CALL_TIMEOUT"] = "1m";
        scratch.Environment["MCPGOVERN_KEY"] = "a caller's credential";
        scratch.Environment["MCPGOVERN_TEST_POSTGRES"] = "x";
        scratch.Environment["MCPGOVERN_MCPSERVERS"] = """{"a":{"command":"x"}}""";
        var result = scratch.Load(Least + "hold: 2s\nretention: 1d\nmcpServers: { b: { command: y } }", ("hold", "0s"));
        Assert.Empty(result.Warnings);
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1)),
            (result.Settings!.Hold, result.Settings.CallTimeout, result.Settings.Retention));
        Assert.Equal("a", Assert.Single(result.Settings.Upstreams).Name);

        scratch.Environment["MCPGOVERN_HOLD"] = "5";
        scratch.Environment["MCPGOVERN_HOLT"] = "5s";
        var wrong = scratch.Load(Least);
        Assert.Equal("MCPGOVERN_HOLD: 'hold' is '5', which is no time; write a unit: 5s, 5m, 5h or 5d",
            Assert.Single(wrong.Errors).ToString());
        Assert.StartsWith("MCPGOVERN_HOLT: ", Assert.Single(wrong.Warnings).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WithPathsFromFlags_ResolvesThemWhereTheUserStands()
    {
        scratch.Write("here/p.yaml", "default: deny\n");
        var file = scratch.Write("there/g.yaml", "store: sqlite:a.db\n");
        var here = Path.Combine(scratch.Folder, "here");
        var settings = SettingsLoad.Load(scratch.Sources(here), file, new Dictionary<string, string> { ["policies"] = "p.yaml" }).Settings!;
        Assert.Equal([Path.Combine(here, "p.yaml")], settings.PolicyPaths);
        Assert.Equal("sqlite:" + Path.Combine(scratch.Folder, "there", "a.db"), settings.Store);
    }

    [Fact]
    public void Load_WithoutAFile_LooksInBothFoldersThenSaysSo()
    {
        var nothing = SettingsLoad.Load(scratch.Sources());
        Assert.Contains("there is no settings file in", Assert.Single(nothing.Errors).ToString(), StringComparison.Ordinal);

        var user = scratch.Write("config/mcpgovern.json", """{"policy": {"default": "deny"}}""");
        Assert.Equal(user, SettingsLoad.Load(scratch.Sources()).Settings!.Path);
        var near = scratch.Write("mcpgovern.yml", Least);
        Assert.Equal(near, SettingsLoad.Load(scratch.Sources()).Settings!.Path);

        var missing = SettingsLoad.Load(scratch.Sources(), "none.yaml");
        Assert.Equal("none.yaml: the file cannot be read; create it, or name another file", Assert.Single(missing.Errors).ToString());
    }

    [Fact]
    public void From_WithXdgFolders_UsesAbsoluteOnesOnly()
    {
        var environment = new Dictionary<string, string> { ["HOME"] = "/h", ["XDG_CONFIG_HOME"] = "/c", ["XDG_DATA_HOME"] = "relative" };
        var sources = SettingsSources.From("/w", environment, windows: false);
        Assert.Equal(("/c/mcpgovern", "/h/.local/share/mcpgovern"), (sources.ConfigFolder, sources.DataFolder));
    }

    private GovernSettings Settings(string yaml, params (string Key, string Value)[] flags)
    {
        var result = scratch.Load(yaml, flags);
        Assert.Empty(result.Errors);
        return result.Settings!;
    }
}
