using McpGovern.Policy;
using McpGovern.Settings;
using McpGovern.Tests.Settings;

namespace McpGovern.Tests.Policy;

public sealed class PolicySourceTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly Clock clock = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void ReloadIfChanged_WithAGoodFile_SwapsTheSet()
    {
        var source = Source();
        var before = source.Current;
        Assert.False(source.ReloadIfChanged().Changed);
        scratch.Write("p.yaml", "default: deny\ndeny: [a.c]\n");
        clock.Now += TimeSpan.FromMinutes(1);
        Assert.True(source.ReloadIfChanged().Changed);
        Assert.NotEqual(before.Set.Digest, source.Current.Set.Digest);
        Assert.Equal(clock.Now, source.Current.ActivatedAt);
    }

    [Theory]
    [InlineData("default: allow\nblok: []\n")]
    [InlineData("")]
    [InlineData(null)]
    public void ReloadIfChanged_WithABadFile_KeepsTheLastGoodSetAndSaysSoOnce(string? content)
    {
        var source = Source();
        var before = source.Current;
        if (content is null)
            File.Delete(Path.Combine(scratch.Folder, "p.yaml"));
        else
            scratch.Write("p.yaml", content);
        var result = source.ReloadIfChanged();
        Assert.False(result.Changed);
        Assert.StartsWith("p.yaml", Assert.Single(result.Errors).ToString(), StringComparison.Ordinal);
        Assert.Same(before, source.Current);
        Assert.Empty(source.ReloadIfChanged().Errors);

        scratch.Write("p.yaml", "default: allow\n");
        Assert.True(source.ReloadIfChanged().Changed);
    }

    [Fact]
    public void ReloadIfChanged_WithOnlyAComment_KeepsTheSet()
    {
        var source = Source();
        var before = source.Current;
        scratch.Write("p.yaml", "# moved\n\ndefault: deny\n");
        Assert.False(source.ReloadIfChanged().Changed);
        Assert.Same(before, source.Current);
    }

    [Fact]
    public void ReloadIfChanged_WithAnInlinePolicy_FollowsTheSettingsFile()
    {
        var source = Source();
        scratch.Write("mcpgovern.yaml", "policies: [p.yaml]\npolicy: { default: allow, deny: [a.b] }\n");
        Assert.True(source.ReloadIfChanged().Changed);
        scratch.Write("mcpgovern.yaml", "policies: [p.yaml]\n");
        Assert.Contains("the policy is gone", Assert.Single(source.ReloadIfChanged().Errors).Problem, StringComparison.Ordinal);
        Assert.Equal(2, source.Current.Set.Files.Count);
    }

    [Fact]
    public void ReloadIfChanged_WithAPolicyFromTheEnvironment_KeepsIt()
    {
        scratch.Environment["MCPGOVERN_POLICY"] = "deny: ['*.drop']";
        var source = Source();
        scratch.Write("p.yaml", "default: allow\n");
        Assert.True(source.ReloadIfChanged().Changed);
        Assert.Equal(Verdict.Deny, source.Current.Set.Evaluate(PolicyCall.Named("db.drop", "{}")).Verdict);
    }

    private PolicySource Source()
    {
        scratch.Write("p.yaml", "default: deny\n");
        var settings = scratch.Load("policies: [p.yaml]\npolicy: { default: allow }\n").Settings!;
        return new(settings.Policy, settings.PolicyInputs, clock);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
