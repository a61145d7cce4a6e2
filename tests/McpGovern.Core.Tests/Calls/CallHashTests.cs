using McpGovern.Calls;
using static McpGovern.Tests.Calls.CallSamples;

namespace McpGovern.Tests.Calls;

public sealed class CallHashTests
{
    public static TheoryData<CallSubmitted> Others => new(
        Asked with { Scope = "other" },
        Asked with { Tenant = "other" },
        Asked with { Server = "other" },
        Asked with { UpstreamFingerprint = "other" },
        Asked with { Tool = "other" },
        Asked with { ToolDefinitionHash = "other" },
        Asked with { Arguments = """{"amount":901}""" },
        Asked with { RequestedBy = "other" },
        Asked with { Method = "resources/read" },
        Asked with { Continues = "other" },
        Asked with { InputResponses = """{"who":{"action":"decline"}}""" },
        Asked with { RequestState = "\"other\"" },
        Asked with { Meta = """{"vendor/override":{"to":"mallory"}}""" },
        Asked with { Meta = """{"traceparent":{"to":"mallory"}}""" },
        Asked with { Meta = """{"Baggage":"to=mallory"}""" });

    [Theory, MemberData(nameof(Others))]
    [Trait("attack", "S22")]
    public void Of_ACallThatDiffersInOneMember_IsAnotherHash(CallSubmitted other) => Assert.NotEqual(CallHash.Of(Asked, "rule"), CallHash.Of(other, "rule"));

    [Fact]
    public void Of_ACallUnderAnotherRule_IsAnotherHash() => Assert.NotEqual(CallHash.Of(Asked, "rule"), CallHash.Of(Asked, "other"));

    [Fact]
    public void Of_ACallThatDiffersInWhatIsNotRun_IsTheSameHash() =>
        Assert.Equal(CallHash.Of(Asked, "rule"), CallHash.Of(Asked with { At = Two, Client = null, ClientCapabilities = "{}", Justification = "because", Arguments = """{ "amount": 900 }""" }, "rule"));

    [Fact]
    public void Of_ACallWithoutAMethod_IsTheHashThatItAlwaysWas() =>
        Assert.Equal(
            CallHash.OfJson("""
                {"arguments":{},"requested_by":"r","rule_digest":"d","scope":"s","server":"u","tenant":"t","tool":"x","tool_definition_hash":"h","upstream_fingerprint":"f"}
                """),
            CallHash.Of(
                Asked with { Arguments = "{}", RequestedBy = "r", Scope = "s", Server = "u", Tenant = "t", Tool = "x", ToolDefinitionHash = "h", UpstreamFingerprint = "f" }, "d"));

    [Fact]
    public void Of_ACallThatBringsNoInput_IsTheHashThatItAlwaysWas() => Assert.Equal(
        CallHash.OfJson($$"""
            {"arguments":{{Asked.Arguments}},"requested_by":"{{Asked.RequestedBy}}","rule_digest":"rule","scope":"{{Asked.Scope}}","server":"{{Asked.Server}}",
             "tenant":"{{Asked.Tenant}}","tool":"{{Asked.Tool}}","tool_definition_hash":"{{Asked.ToolDefinitionHash}}","upstream_fingerprint":"{{Asked.UpstreamFingerprint}}"}
            """),
        CallHash.Of(Asked, "rule"));

    /// <summary>Each try of a traced client has another of these, and nothing is done by them.</summary>
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"traceparent":"00-a-b-01","tracestate":"v=1","baggage":"k=v","progressToken":7,"io.modelcontextprotocol/protocolVersion":"x"}""")]
    public void Of_ACallThatOnlyCarriesItsTrace_IsTheHashThatItAlwaysWas(string meta) =>
        Assert.Equal(CallHash.Of(Asked, "rule"), CallHash.Of(Asked with { Meta = meta }, "rule"));

    [Fact]
    public void Of_ACallThatCarriesMeta_IsOverItsCanonicalForm()
    {
        var hash = CallHash.Of(Asked with { Meta = """{"b":1,"a":{"y":1,"x":2},"traceparent":"00-a"}""" }, "rule");

        Assert.Equal(hash, CallHash.Of(Asked with { Meta = """{ "a":{"x":2, "y":1}, "traceparent":"00-b", "b":1 }""" }, "rule"));
        Assert.NotEqual(hash, CallHash.Of(Asked with { Meta = """{"b":1,"a":{"y":1,"x":3}}""" }, "rule"));
        Assert.Equal(CallHash.OfJson($$"""
            {"arguments":{{Asked.Arguments}},"meta":{"a":{"x":2,"y":1},"b":1},"requested_by":"{{Asked.RequestedBy}}","rule_digest":"rule","scope":"{{Asked.Scope}}",
             "server":"{{Asked.Server}}","tenant":"{{Asked.Tenant}}","tool":"{{Asked.Tool}}","tool_definition_hash":"{{Asked.ToolDefinitionHash}}","upstream_fingerprint":"{{Asked.UpstreamFingerprint}}"}
            """), hash);
    }

    [Fact]
    public void Of_ACallThatBringsInput_IsOverItsCanonicalForm() => Assert.Equal(
        CallHash.Of(Asked with { Continues = "c", InputResponses = """{"a":1,"b":2}""" }, "rule"),
        CallHash.Of(Asked with { Continues = "c", InputResponses = """{ "b":2, "a":1 }""" }, "rule"));

    [Fact]
    public void AttachKey_OfAFurtherRound_IsThatOfItsAnswers()
    {
        static string Key(string? continues, string? responses) =>
            CallHash.AttachKey("default", "agent:coder", "payments", "submit", """{"amount":900}""", null, continues, responses);

        Assert.Equal(Key("c", """{"a":1}"""), Key("c", """{ "a":1 }"""));
        Assert.Equal(4, new[] { Key(null, null), Key("c", null), Key("c", "{}"), Key("d", "{}") }.Distinct().Count());
    }

    [Fact]
    public void AttachKey_WithTheClientsOwnKey_KeepsTwoMeantCallsApart()
    {
        static string Key(string? client) => CallHash.AttachKey("default", "agent:coder", "payments", "submit", """{"amount":900}""", client);

        Assert.Equal(Key(null), Key(null));
        Assert.Equal(3, new[] { Key(null), Key("1"), Key("2") }.Distinct().Count());
    }

    [Theory]
    [InlineData("call_0123456789abcdef0123456789abcdef", true)]
    [InlineData("exec_0123456789ABCDEF0123456789abcdef", true)]
    [InlineData("exec_01234567-89ab-cdef-0123-456789abcdef", true)]
    [InlineData("01234567-89ab-cdef-0123-456789abcdef", true)]
    [InlineData("0123456789abcdef0123456789abcdef", true)]
    [InlineData("call_01234567-89ab-cdef-0123-456789abcdef", false)]
    [InlineData("call_0123", false)]
    [InlineData("call_0123456789abcdef0123456789abcdeg", false)]
    [InlineData("CALL_0123456789abcdef0123456789abcdef", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void CallId_InAnySpelling_IsOneId(string? text, bool readable)
    {
        Assert.Equal(readable, CallId.TryParse(text, out var id));
        Assert.Equal(readable ? "call_0123456789abcdef0123456789abcdef" : null, id);
    }
}
