using System.Text;
using McpGovern.Policy;

namespace McpGovern.Tests.Policy;

public sealed class PolicyFileReaderTests
{
    private const string DesignExample = """
        version: 1
        default: deny                  # allow | deny | require_approval: for what nothing below names
        allow:   ["github.get_*", "search"]
        deny:    ["*.delete_*"]        # alias: blocked_tools
        require_approval_for:
          - "payments.*"
          - tools: ["billing.refund"]
            when: { amount: { gt: 500 }, currency: { not_in: [EUR] } }
            approvers: ["group:finance"]
            quorum: 2
            human_required: true
            deadline: 24h
            comment: reject            # never (default) | reject | always: when a comment is required
            valid_for: 15m             # how long an approval may wait for its dispatch
        tools:                         # the operator's word about tools
          "github.get_*": { idempotent: true, audit: batched }
          "billing.refund": { effect: "refund:{payment_id}" }   # at most one such effect, whoever asks
          "browser.*": { same_session: true }
        rules:                         # JamJet's portable form: ordered, first match wins
          - { match: "payments.*", action: require_approval, approval_timeout: 600 }
        tests:
          - { call: billing.refund, args: { amount: 900 }, expect: require_approval }
        """;

    [Fact]
    public void Read_WithTheDesignsExample_ReadsAllOfIt()
    {
        var reading = Read(DesignExample);
        Assert.Empty(reading.Errors);
        Assert.Empty(reading.Warnings);
        var policy = PolicySet.Create([reading.File!]);
        Assert.Empty(PolicyCases.Failed(policy, reading.File!.Tests));

        var refund = policy.Evaluate(PolicyCall.Named("billing.refund", """{"amount":900,"currency":"USD"}"""));
        Assert.Equal("p.yaml:7", refund.Source);
        Assert.Equal(
            new ApprovalTerms(["group:finance"], 2, true, false, TimeSpan.FromHours(24), TimeSpan.FromMinutes(15), "reject", false),
                refund.Terms);
        Assert.Equal(TimeSpan.FromSeconds(300), policy.Evaluate(PolicyCall.Named("payments.submit", "{}")).Terms!.Deadline);
        Assert.Equal(Verdict.Deny, policy.Evaluate(PolicyCall.Named("billing.refund", """{"amount":5,"currency":"USD"}""")).Verdict);
        Assert.Equal(new(true, null, false, "batched"), policy.TraitsOf("github", "get_issue", false));
        Assert.Equal("refund:{payment_id}", policy.TraitsOf("billing", "refund", false).Effect);
    }

    [Fact]
    public void Read_WithResourcesAndPrompts_DecidesThemApartFromTools()
    {
        var reading = Read("""
            default: deny
            allow: ["*", "resource:docs.*", "prompt:docs.*"]
            require_approval_for:
              - { tools: "resource:docs.*", when: { uri: { glob: "file:///private/*" } } }
            rules:
              - { match: "prompt:docs.deploy", action: block }
            tests:
              - { call: "docs.search", expect: allow }
              - { call: "resource:docs.file:///a.txt", expect: allow }
              - { call: "resource:docs.file:///private/a.txt", expect: require_approval }
              - { call: "resource:other.file:///a.txt", expect: deny }
              - { call: "prompt:docs.greet", args: { who: me }, expect: allow }
              - { call: "prompt:docs.deploy", expect: deny }
            """);

        Assert.Empty(reading.Errors);
        Assert.Empty(reading.Warnings);
        Assert.Empty(PolicyCases.Failed(PolicySet.Create([reading.File!]), reading.File!.Tests));
    }

    [Theory]
    [InlineData("resources:docs.*", "resource:")]
    [InlineData("Resource:docs.*", "resource:")]
    [InlineData("prompts:docs.*", "prompt:")]
    [InlineData("PROMPT:*", "prompt:")]
    public void Read_WithAPrefixThatIsNearlyOne_SaysWhichIsMeant(string pattern, string meant)
    {
        var error = Assert.Single(Read($"deny: [\"{pattern}\"]").Errors);

        Assert.Contains(meant, error.Problem, StringComparison.Ordinal);
        Assert.Contains($"write {meant}", error.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("source:x")]
    [InlineData("ns:tool")]
    public void Read_WithAToolsNameThatHasAColon_ReadsIt(string pattern) => Assert.Empty(Read($"deny: [\"{pattern}\"]").Errors);

    [Fact]
    public void Read_WithFiveFaults_NamesAllFiveWithPlaceAndCure()
    {
        var reading = Read("""
            version: 2
            require_aproval_for: ["payments.*"]
            deny: ["", "*.drop"]
            rules:
              - { name: drops, match: "db.drop_*", action: blok }
            require_approval_for:
              - { tools: ["a"], deadline: 15 }
            """);
        Assert.Null(reading.File);
        Assert.Equal(
            [
                "p.yaml:1: unknown version '2'; use 1",
                "p.yaml:2: unknown key 'require_aproval_for'; did you mean 'require_approval_for'?",
                "p.yaml:3: deny: an empty pattern matches nothing; write a pattern such as \"payments.*\"",
                "p.yaml:5: rule 'drops': unknown action 'blok'; use allow, deny or require_approval",
                "p.yaml:7: require_approval_for 'a': 'deadline' is '15', which is no time; write a unit: 15s, 15m, 15h or 15d, or never",
            ],
            reading.Errors.Select(e => e.ToString()));
    }

    [Theory]
    [InlineData("deny:", "'deny' is nothing")]
    [InlineData("deny: x.*", "'deny' is 'x.*'")]
    [InlineData("default: alow", "unknown default 'alow'")]
    [InlineData("default: [deny]", "unknown default a list")]
    [InlineData("allow: [~]", "a pattern cannot be nothing")]
    [InlineData("allow: [[a]]", "a pattern cannot be a list")]
    [InlineData("allow: ['a b']", "tool names never match")]
    [InlineData("allow: [{ when: { a: { eq: 1 } } }]", "'tools' is missing")]
    [InlineData("allow: [{ tools: [], when: { a: { eq: 1 } } }]", "'tools' is empty")]
    [InlineData("allow: [{ tools: a, when: {} }]", "'when' is empty")]
    [InlineData("allow: [{ tools: a, when: }]", "'when' is nothing")]
    [InlineData("allow: [{ tools: a, when: { n: 5 } }]", "write { eq: 5 }")]
    [InlineData("allow: [{ tools: a, when: { n: { grt: 5 } } }]", "unknown condition 'grt'; did you mean 'gt'?")]
    [InlineData("allow: [{ tools: a, when: { n: { gt: big } } }]", "compares numbers")]
    [InlineData("allow: [{ tools: a, when: { n: { in: [] } } }]", "nothing to compare with")]
    [InlineData("allow: [{ tools: a, when: { n: { eq: [1, 2] } } }]", "use 'in'")]
    [InlineData("allow: [{ tools: a, when: { n..m: { eq: 1 } } }]", "no path to an argument")]
    [InlineData("allow: [{ tools: a, quorum: 2 }]", "unknown key 'quorum'")]
    [InlineData("require_approval_for: [{ tools: a, quorum: 0 }]", "write a number from 1 to 100")]
    [InlineData("require_approval_for: [{ tools: a, approvers: [] }]", "'approvers' is empty")]
    [InlineData("require_approval_for: [{ tools: a, human_required: yes }]", "write true or false")]
    [InlineData("require_approval_for: [{ tools: a, valid_for: 0s }]", "expires at once")]
    [InlineData("require_approval_for: [{ tools: a, comment: sometimes }]", "use never, reject or always")]
    [InlineData("require_approval_for: [{ tools: a, ask: mail }]", "unknown ask 'mail'; use url, form or never")]
    [InlineData("require_approval_for: [{ tools: a, ask: form }]", "p.yaml:1: require_approval_for 'a': 'ask: form' lets the caller decide, and this rule does not allow that; add self_approval: true")]
    [InlineData("rules:\n- { match: a, action: require_approval,\n    ask: form }", "p.yaml:3: rule 'a': 'ask: form'")]
    [InlineData("require_approval_for: [{ tools: a, ask: form, self_approval: true, human_required: true }]", "use ask: url")]
    [InlineData("rules: [{ match: a, action: allow, ask: url }]", "means nothing beside action 'allow'")]
    [InlineData("rules: [{ match: a }]", "'action' is missing")]
    [InlineData("rules: [{ action: allow }]", "'match' is missing")]
    [InlineData("rules: [a]", "a rule cannot be 'a'")]
    [InlineData("rules: [{ match: a, action: allow, quorum: 2 }]", "means nothing beside action 'allow'")]
    [InlineData("rules: [{ match: a, action: require_approval, approval_timeout: 5, deadline: 5s }]", "say the same")]
    [InlineData("tools: { a: { idempotent: maybe } }", "write true or false")]
    [InlineData("tools: { a: { effect: 'x:{' } }", "argument paths in braces")]
    [InlineData("tools: { a: true }", "write a block")]
    [InlineData("tests: [{ call: a }]", "'expect' is missing")]
    [InlineData("explain: 1", "write true or false")]
    [InlineData("[allow]", "a policy cannot be a list")]
    [InlineData("deny: [a]\ndeny: []", "'deny' is given twice")]
    [Trait("attack", "S19")]
    public void Read_WithAFault_SaysWhat(string text, string expected)
    {
        var reading = Read(text);
        Assert.Null(reading.File);
        Assert.Contains(expected, Assert.Single(reading.Errors).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", Verdict.Allow)]
    [InlineData("deny: [b]", Verdict.Allow)]
    [InlineData("blocked_tools: [b]\nrequire_approval_for: [c]", Verdict.Allow)]
    [InlineData("allow: [b]", Verdict.Deny)]
    [InlineData("allow: []", Verdict.Deny)]
    [InlineData("allow: [b]\ndefault: allow", Verdict.Allow)]
    [InlineData("default: require_approval", Verdict.RequireApproval)]
    public void Read_WithoutADefault_FollowsTheAllowList(string text, Verdict expected)
    {
        var reading = Read(text);
        Assert.Equal(expected, reading.File!.Default.Verdict);
        Assert.Equal(!text.Contains("default", StringComparison.Ordinal) && expected == Verdict.Allow, reading.Warnings.Count == 1);
    }

    [Theory]
    [InlineData("rules: [{ match: 'a.*', action: allow }, { match: 'a.b', action: block }]", 1)]
    [InlineData("rules: [{ match: 'a.b', action: allow }, { match: 'a.*', action: block }]", 0)]
    [InlineData("rules: [{ match: submit, action: audit }, { match: submit, action: block }]", 1)]
    [InlineData("rules: [{ match: 'a.?', action: audit }, { match: 'a.*', action: block }]", 0)]
    [InlineData("deny: [x, y, x]", 1)]
    [InlineData("deny: ['*.drop']\nallow: [db.drop]", 1)]
    [InlineData("require_approval_for: ['*', { tools: a.b, quorum: 2 }]", 0)]
    [InlineData("require_approval_for: ['*', a.b]", 1)]
    public void Read_WithARuleThatCanNeverDecide_Warns(string text, int expected) =>
        Assert.Equal(expected, Read("default: deny\n" + text).Warnings.Count);

    [Fact]
    public void Read_WithPortableRules_TakesSecondsAndFirstMatch()
    {
        var policy = PolicySet.Create([Read("""
            rules:
              - { match: "payments.*", action: require_approval, approval_timeout: 600 }
              - { match: "payments.*", action: block }
              - { match: "db.*", action: audit }
            """).File!]);
        var payment = policy.Evaluate(PolicyCall.Named("payments.submit", "{}"));
        Assert.Equal((Verdict.RequireApproval, TimeSpan.FromMinutes(10)), (payment.Verdict, payment.Terms!.Deadline));
        Assert.True(policy.Evaluate(PolicyCall.Named("db.read", "{}")) is { Verdict: Verdict.Allow, Audited: true });
    }

    [Fact]
    public void Read_WithAStrangeKey_StillPrintsOneShortLine()
    {
        var line = Assert.Single(Read($"\"a\\nb\\u0007{new string('x', 900)}\": 1").Errors).ToString();
        Assert.StartsWith("p.yaml:1: unknown key 'a?b?xx", line, StringComparison.Ordinal);
        Assert.True(line.Length < 700 && !line.Contains('\n', StringComparison.Ordinal));
    }

    private static PolicyReading Read(string text) => PolicyFileReader.Read(Encoding.UTF8.GetBytes(text), "p.yaml");
}
