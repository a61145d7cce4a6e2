using McpGovern.Calls;

namespace McpGovern.Tests.Calls;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{"b":1,"a":2}""", """{"a":2,"b":1}""")]
    [InlineData(""" { "a" : [ 1 , true , null ] } """, """{"a":[1,true,null]}""")]
    [InlineData("""{"n":[1e2,1.0,-0,9007199254740993,1E400]}""", """{"n":[1e2,1.0,-0,9007199254740993,1E400]}""")]
    [InlineData("""{"s":"\u0041\/\t\u0000\u001F"}""", """{"s":"A/\t\u0000\u001f"}""")]
    [InlineData("""{"s":"\uD800 x \uDC00"}""", """{"s":"\ud800 x \udc00"}""")]
    [InlineData("""{"s":"\ud83d\ude00"}""", """{"s":"😀"}""")]
    [InlineData("""{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}""", "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}")]
    [InlineData("{}", "{}")]
    [InlineData("[]", "[]")]
    [InlineData("""{"a":{"d":1,"c":{}}}""", """{"a":{"c":{},"d":1}}""")]
    public void Of_ADocument_IsItsCanonicalForm(string json, string expected) => Assert.Equal(expected, CanonicalJson.Of(json));

    [Theory]
    [InlineData("""{"a":1,"a":2}""", "\"a\" in $")]
    [InlineData("""{"x":{"a":1,"\u0061":2}}""", "\"a\" in $.x")]
    [InlineData("""{"a":}""", "not JSON")]
    [InlineData("""{} {}""", "not JSON")]
    [InlineData("", "not JSON")]
    [Trait("attack", "S20"), Trait("attack", "S23")]
    public void Of_WhatCouldBeReadTwoWays_IsRefusedWithThePlace(string json, string place) =>
        Assert.Contains(place, Assert.Throws<FormatException>(() => CanonicalJson.Of(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Of_ADocumentThatNestsTooDeep_IsRefused() =>
        Assert.Throws<FormatException>(() => CanonicalJson.Of(new string('[', 100_000) + new string(']', 100_000)));

    [Theory]
    [InlineData(" { \"a b\" : \"c \\\" d\" ,\n\t\"e\":[ 1 , 2 ] } ", """{"a b":"c \" d","e":[1,2]}""")]
    [InlineData("""{"a":"\\"}""", """{"a":"\\"}""")]
    public void Compact_ADocument_LosesNothingButWhiteSpaceBetweenTokens(string json, string expected) => Assert.Equal(expected, CanonicalJson.Compact(json));

    [Theory]
    [InlineData("""{"a":1,"b":2}""", """{ "b": 2, "a": 1 }""", true)]
    [InlineData("""{"a":1}""", """{"a":1.0}""", false)]
    [InlineData("""{"a":"1"}""", """{"a":1}""", false)]
    [InlineData("""{"a":"x"}""", """{"a":"\u0078"}""", true)]
    [InlineData("""{"a":"x"}""", """{"A":"x"}""", false)]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""", false)]
    [Trait("attack", "S22")]
    public void OfJson_TwoDocuments_AreEqualOnlyWhereNoReaderCouldTell(string one, string other, bool equal) =>
        Assert.Equal(equal, CallHash.OfJson(one) == CallHash.OfJson(other));

    [Fact]
    public void Members_OfAnObject_AreTheirNamesAsReadAndTheirTextAsWritten() => Assert.Equal(
        [("z\"", "1.0"), ("é", """{"a":[1,"x y"]}"""), ("", "\"\\u0041\"")],
        CanonicalJson.Members(""" { "z\"" : 1.0, "\u00e9": {"a": [ 1, "x y"]}, "":"\u0041" } """));

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("{")]
    public void Members_OfAnythingElse_Throws(string json) => Assert.Throws<FormatException>(() => CanonicalJson.Members(json));
}
