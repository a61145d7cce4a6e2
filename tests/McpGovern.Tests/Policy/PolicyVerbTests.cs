using System.Text.Json;
using McpGovern.Policy;
using McpGovern.Tests.Settings;

namespace McpGovern.Tests.Policy;

public sealed class PolicyVerbTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("payments.submit", null, "require_approval", "require_approval_for: payments.*", "p.yaml:3")]
    [InlineData("search", null, "allow", "allow: search", "p.yaml:2")]
    [InlineData("github.search", null, "allow", "allow: search", "p.yaml:2")]
    [InlineData("github.find", null, "deny", "default: deny", "p.yaml:1")]
    [InlineData("billing.refund", """{"amount":900}""", "deny", "deny: billing.refund", "p.yaml:5")]
    [InlineData("billing.refund", """{"amount":9}""", "allow", "allow: billing.*", "p.yaml:2")]
    public void Explain_AsJson_NamesDecisionRuleAndSource(string tool, string? arguments, string decision, string rule, string source)
    {
        var output = PolicyExplain.Run(Policy(), "p.yaml", tool, arguments, json: true);
        Assert.Equal(0, output.ExitCode);
        using var json = JsonDocument.Parse(output.Out);
        Assert.Equal(["decision", "rule", "source"], json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal([decision, rule, source], json.RootElement.EnumerateObject().Select(p => p.Value.GetString()!));
    }

    [Fact]
    public void Explain_AsText_TellsWhatSeveralUpstreamsChange()
    {
        var output = PolicyExplain.Run(Policy(), "p.yaml", "github.search", null, json: false);
        Assert.Equal("allow (p.yaml:2: allow: search)\nwith more than one upstream: deny (p.yaml:1: default: deny)\n", output.Out);
    }

    [Fact]
    public void Explain_WithWhatCannotBeUsed_ExitsTwo()
    {
        Assert.Equal(2, PolicyExplain.Run(Policy(), "p.yaml", "a.b", "[1]", json: true).ExitCode);
        var missing = PolicyExplain.Run(Path.Combine(scratch.Folder, "none.yaml"), "none.yaml", "a.b", null, json: true);
        Assert.Equal((2, "none.yaml: the file cannot be read; create it, or name another file\n"), (missing.ExitCode, missing.Error));
    }

    [Fact]
    public void Check_RunsTheTestsInsideAndBeside()
    {
        scratch.Write("a.yaml", "default: deny\nallow: [x.y]\ntests: [{ call: x.y, expect: allow }]\n");
        scratch.Write("a.tests.yaml", "- { call: x.z, expect: deny }\n- { call: x.z, expect: allow }\n");
        var output = PolicyCheck.Run(["a.yaml", "a.tests.yaml"], scratch.Folder, json: false);
        Assert.Equal("a.tests.yaml:2: test 'x.z': expected allow, got deny (a.yaml:1: default: deny); change the policy or the test\n",
            output.Error);
        Assert.Equal((2, ""), (output.ExitCode, output.Out));

        scratch.Write("a.tests.yaml", "- { call: x.z, expect: deny }\n");
        Assert.Equal("a.yaml: ok, 2 tests\n", PolicyCheck.Run(["a.yaml"], scratch.Folder, json: false).Out);
    }

    [Fact]
    public void Check_WithWarningsOnly_ExitsZero()
    {
        scratch.Write("a.yaml", "deny: [x, x]\n");
        var output = PolicyCheck.Run(["a.yaml"], scratch.Folder, json: false);
        Assert.Equal(0, output.ExitCode);
        Assert.Contains("a.yaml:1: warning: deny: 'x' never decides", output.Error, StringComparison.Ordinal);
        Assert.Contains("\"ok\":true", PolicyCheck.Run(["a.yaml"], scratch.Folder, json: true).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OfAnEffectThatATestDoesNotName_Warns()
    {
        scratch.Write("a.yaml", "default: deny\nallow: [pay, refund]\ntools: { \"*\": { effect: \"e:{payment_id}\" } }\n"
            + "tests:\n  - { call: pay, args: { payment_id: 1 }, expect: allow }\n  - { call: refund, args: { id: 1 }, expect: allow }\n  - { call: x, expect: deny }\n");
        var output = PolicyCheck.Run(["a.yaml"], scratch.Folder, json: false);
        Assert.Equal(0, output.ExitCode);
        Assert.Contains("a.yaml:6: warning: test 'refund': the effect 'e:{payment_id}' cannot be told", output.Error, StringComparison.Ordinal);
        Assert.Single(output.Error.TrimEnd().Split('\n'));
    }

    private string Policy() => scratch.Write("p.yaml", """
        default: deny
        allow: [search, "billing.*"]
        require_approval_for: ["payments.*"]
        deny:
          - { tools: billing.refund, when: { amount: { gt: 500 } } }
        """);
}
