using McpGovern.Calls;
using McpGovern.Policy;
using static McpGovern.Tests.Policy.Given;

namespace McpGovern.Tests.Policy;

/// <summary>Resources and prompts have patterns of their own.</summary>
public sealed class ResourceNameTests
{
    private static readonly When Notes = Argument("uri", "glob", "file:///notes/*"), Short = Argument("length", "eq", "short");

    public static TheoryData<PolicyRule[], string, string, Verdict> Verdicts => new()
    {
        { [Allow("*")], "resource:files.file:///a", "{}", Verdict.Deny },
        { [Allow("*")], "prompt:files.greet", "{}", Verdict.Deny },
        { [Allow("resource:*")], "files.read", "{}", Verdict.Deny },
        { [Allow("resource:*")], "prompt:files.greet", "{}", Verdict.Deny },
        { [Allow("resource:*")], "resource:files.file:///a", "{}", Verdict.Allow },
        { [Allow("resource:files.*")], "resource:files.file:///a", "{}", Verdict.Allow },
        { [Allow("resource:files.*")], "resource:other.file:///a", "{}", Verdict.Deny },
        { [Allow("resource:file:///a")], "resource:files.file:///a", "{}", Verdict.Deny },
        { [Allow("prompt:greet")], "prompt:files.greet", "{}", Verdict.Deny },
        { [Allow("prompt:files.greet")], "prompt:files.greet", "{}", Verdict.Allow },
        { [Allow("prompt:files.Greet")], "prompt:files.greet", "{}", Verdict.Deny },
        { [Allow("resource:*"), Deny("*")], "resource:files.file:///a", "{}", Verdict.Allow },
        { [Allow("resource:*"), Deny("resource:FILE:///SECRET*")], "resource:files.file:///secrets/a", "{}", Verdict.Deny },
        { [Allow("prompt:*"), Gate("prompt:greet")], "prompt:files.GREET", "{}", Verdict.RequireApproval },
        { [Allow("resource:*"), Gate("resource:file:///a.*")], "resource:files.file:///a.txt", "{}", Verdict.RequireApproval },
        { [Allow("resource:*"), Gate("resource:*", Notes)], "resource:files.file:///notes/a", "{}", Verdict.RequireApproval },
        { [Allow("resource:*"), Gate("resource:*", Notes)], "resource:files.file:///a", "{}", Verdict.Allow },
        { [Allow("prompt:*"), Gate("prompt:*", Short)], "prompt:files.greet", """{"length":"short"}""", Verdict.RequireApproval },
        { [Allow("prompt:*"), Gate("prompt:*", Short)], "prompt:files.greet", """{"length":"long"}""", Verdict.Allow },
        { [Portable("resource:*", Verdict.Allow), Portable("*", Verdict.Deny)], "resource:files.file:///a", "{}", Verdict.Allow },
        { [Portable("*", Verdict.Allow)], "resource:files.file:///a", "{}", Verdict.Deny },
    };

    [Theory, MemberData(nameof(Verdicts))]
    public void Evaluate_OfAResourceOrPrompt_UsesItsOwnPatterns(PolicyRule[] rules, string name, string arguments, Verdict expected)
    {
        var policy = PolicyOf(rules);
        var call = Call(name, arguments);

        Assert.Equal(expected, policy.Evaluate(call).Verdict);
        Assert.True(expected == Verdict.Deny || policy.MayRequest(call.Server, call.Tool, onlyUpstream: false));
    }

    [Theory]
    [InlineData("resource:file:///a", true)]
    [InlineData("resource:files.file:///a", true)]
    [InlineData("resource:file:///A", false)]
    public void Evaluate_WithOneUpstream_AllowsABareAddress(string pattern, bool allowed) => Assert.Equal(
        allowed, PolicyOf(Allow(pattern)).Evaluate(Call("resource:files.file:///a") with { OnlyUpstream = true }).Verdict == Verdict.Allow);

    [Theory]
    [InlineData("file:///project/../secret/key")]
    [InlineData("file:///project/%2e%2e/secret/key")]
    [InlineData("file:///project/%252e%252e/secret/key")]
    [InlineData("file:///s%65cret/key")]
    [InlineData("file:///./secret/key")]
    [InlineData("file:///project/..\\secret\\key")]
    public void Evaluate_OfAnAddressInDisguise_ClosesGatesAndOpensNone(string uri)
    {
        var call = new PolicyCall("files", "resource:" + uri, "{}", OnlyUpstream: true);

        Assert.Equal(Verdict.Deny, PolicyOf(Allow("resource:*"), Deny("resource:file:///secret/*")).Evaluate(call).Verdict);
        Assert.Equal(Verdict.Deny, PolicyOf(Allow("resource:file:///project/*")).Evaluate(call).Verdict);
        Assert.Equal(Verdict.Deny, PolicyOf(Allow("resource:*"), Deny("resource:file:///secret/key")).Evaluate(call).Verdict);
    }

    [Theory]
    [InlineData("file:///a%20b.txt", "resource:file:///a%20b.txt")]
    [InlineData("file:///a%20b.txt", "resource:file:///*")]
    [InlineData("https://h.example/x?q=1", "resource:https://h.example/*")]
    [InlineData("test://plain", "resource:test://plain")]
    public void Evaluate_OfAnAddressWithEscapes_IsAllowedAsItIsWritten(string uri, string pattern) => Assert.Equal(
        Verdict.Allow, PolicyOf(Allow(pattern)).Evaluate(new("files", "resource:" + uri, "{}", OnlyUpstream: true)).Verdict);

    [Theory]
    [InlineData("resource:files.file:///a.txt", "files", "resource:file:///a.txt", """{"uri":"file:///a.txt"}""")]
    [InlineData("resource:file:///a.txt", "", "resource:file:///a.txt", """{"uri":"file:///a.txt"}""")]
    [InlineData("prompt:files.greet", "files", "prompt:greet", "{}")]
    [InlineData("prompt:greet", "", "prompt:greet", "{}")]
    [InlineData("files.read", "files", "read", "{}")]
    public void Named_OfAnyKind_FindsServerAndName(string name, string server, string tool, string arguments) =>
        Assert.Equal(new PolicyCall(server, tool, arguments, true), PolicyCall.Named(name, "{}"));

    [Fact]
    public void Traits_OfAResource_ComeFromItsOwnPatterns()
    {
        var file = File(Verdict.Allow) with { Tools = [new("*", true, null, null, null, "p.yaml:1"), new("prompt:*", true, null, null, null, "p.yaml:2")] };
        var policy = PolicySet.Create([file]);

        Assert.False(policy.TraitsOf("files", "resource:file:///a", onlyUpstream: false).Idempotent);
        Assert.True(policy.TraitsOf("files", "prompt:greet", onlyUpstream: true).Idempotent);
    }
}
