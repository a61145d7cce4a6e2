using McpGovern.Calls;

namespace McpGovern.Tests.Calls;

public sealed class CallEffectTests
{
    [Theory]
    [InlineData("refund:{id}", """{"id":"p-1"}""", "refund:\"p-1\"")]
    [InlineData("refund:{id}", """{"id":17}""", "refund:\"17\"")]
    [InlineData("refund:{id}", """{"id":17.0}""", "refund:\"17\"")]
    [InlineData("refund:{id}", """{"id":0.17e2}""", "refund:\"17\"")]
    [InlineData("refund:{id}", """{"id":"17"}""", "refund:\"17\"")]
    [InlineData("refund:{id}", """{"id":-0.50}""", "refund:\"-0.5\"")]
    [InlineData("refund:{id}", """{"id":-0}""", "refund:\"0\"")]
    [InlineData("refund:{id}", """{"id":12.5e-3}""", "refund:\"0.0125\"")]
    [InlineData("refund:{id}", """{"id":1e5}""", "refund:\"100000\"")]
    [InlineData("refund:{id}", """{"id":1e400}""", "refund:\"0.1e401\"")]
    [InlineData("refund:{id}", """{"id":true}""", "refund:\"true\"")]
    [InlineData("refund:{id}", """{"id":""}""", "refund:\"\"")]
    [InlineData("refund:{id}", """{"id":"\u0041\ud800\u0000\""}""", "refund:\"A\\ud800\\u0000\\\"\"")]
    [InlineData("a{x.y}b{/z/0}", """{"x":{"y":1},"z":["q"]}""", "a\"1\"b\"q\"")]
    [InlineData("say \"{id}\" \\", """{"id":"1"}""", "say \\\"\"1\"\\\" \\\\")]
    [InlineData("once", "{}", "once")]
    public void Of_Arguments_NamesTheEffectInOneSpelling(string template, string arguments, string text)
    {
        var (effect, fault) = CallEffect.Of(template, "scope", "default", arguments);

        Assert.Null(fault);
        Assert.Equal(text, effect!.Text);
        Assert.StartsWith("sha256:", effect.Key, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"id":null}""")]
    [InlineData("""{"id":{}}""")]
    [InlineData("""{"id":["p-1"]}""")]
    [InlineData("""{"ID":"p-1"}""")]
    [InlineData("""{"id":1e9999999999}""")]
    [InlineData("""{"id":"a","id":"b"}""")]
    public void Of_ArgumentsThatDoNotNameIt_IsAFault(string arguments)
    {
        var (effect, fault) = CallEffect.Of("refund:{id}", "scope", "default", arguments);

        Assert.Null(effect);
        Assert.Contains("'id'", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_AValueThatIsTooLong_IsAFault() =>
        Assert.Contains("too long", CallEffect.Of("{id}", "scope", "default", $$"""{"id":"{{new string('x', 3000)}}"}""").Fault, StringComparison.Ordinal);

    [Theory]
    [InlineData("{a}{b}", """{"a":1,"b":23}""", "{a}{b}", """{"a":12,"b":3}""")]
    [InlineData("{a}:{b}", """{"a":"x:y","b":"z"}""", "{a}:{b}", """{"a":"x","b":"y:z"}""")]
    [InlineData("p:{a}", """{"a":"1"}""", "p:\"1\"", "{}")]
    [InlineData("p:{a}", """{"a":"A"}""", "p:{a}", """{"a":"a"}""")]
    [InlineData("p:{a}", """{"a":"017"}""", "p:{a}", """{"a":17}""")]
    public void Key_OfWhatDiffers_Differs(string template, string arguments, string otherTemplate, string otherArguments) =>
        Assert.NotEqual(KeyOf(template, arguments), KeyOf(otherTemplate, otherArguments));

    [Fact]
    public void Key_IsOfOneScopeAndTenant_AndOfNoTool()
    {
        Assert.Equal(KeyOf("p:{a}", """{"a":1}"""), KeyOf("p:{b.c}", """{"b":{"c":1}}"""));
        Assert.NotEqual(KeyOf("p", "{}"), CallEffect.Of("p", "other", "default", "{}").Effect!.Key);
        Assert.NotEqual(KeyOf("p", "{}"), CallEffect.Of("p", "scope", "other", "{}").Effect!.Key);
    }

    private static string KeyOf(string template, string arguments) => CallEffect.Of(template, "scope", "default", arguments).Effect!.Key;
}
