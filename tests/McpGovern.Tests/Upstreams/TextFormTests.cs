using System.Text;
using McpGovern.Tests.Upstreams.Fakes;
using McpGovern.Upstreams;
using McpGovern.Wire;

namespace McpGovern.Tests.Upstreams;

public sealed class TextFormTests
{
    [Theory]
    [InlineData("""{"name":"a","description":"d"}""", """{ "description":"d", "name":"\u0061" }""", true)]
    [InlineData("""{"name":"a","icons":[1],"_meta":{}}""", """{"name":"a"}""", true)]
    [InlineData("""{"name":"a","description":"d"}""", """{"name":"a","description":"d "}""", false)]
    [InlineData("""{"name":"a","inputSchema":{"x":1}}""", """{"name":"a","inputSchema":{"x":1.0}}""", false)]
    [InlineData("""{"name":"a","annotations":{"readOnlyHint":true}}""", """{"name":"a"}""", false)]
    public void ToolHash_ChangesWithWhatAnApproverSees(string one, string other, bool same) =>
        Assert.Equal(same, Hash(one) == Hash(other));

    [Theory]
    [InlineData("env value", true)]
    [InlineData("header value", true)]
    [InlineData("name", false)]
    [InlineData("command", false)]
    [InlineData("args", false)]
    [InlineData("folder", false)]
    [InlineData("env name", false)]
    [InlineData("header name", false)]
    [InlineData("transport", false)]
    public void Fingerprint_ChangesWithWhatTheUpstreamIs(string what, bool same)
    {
        var config = new UpstreamConfig(
            "n", "n", "stdio", "c", ["a", "b"], Map("A", "1"), "/w", null, Map("Authorization", "secret"));

        Assert.Matches("^[0-9a-f]{64}$", config.Fingerprint);
        Assert.Equal(same, config.Fingerprint == Vary(config, what).Fingerprint);
    }

    private static UpstreamConfig Vary(UpstreamConfig config, string what) => what switch
    {
        "env value" => config with { Env = Map("A", "other") },
        "header value" => config with { Headers = Map("authorization", "other") },
        "name" => config with { Name = "other" },
        "command" => config with { Command = "other" },
        "args" => config with { Args = ["a b"] },
        "folder" => config with { Cwd = "/other" },
        "env name" => config with { Env = Map("B", "1") },
        "header name" => config with { Headers = Map("X-Other", "secret") },
        _ => config with { Transport = "http", Url = new Uri("http://a/") },
    };

    private static Dictionary<string, string> Map(string name, string value) => new() { [name] = value };

    [Fact]
    public void SseTap_WhereverTheStreamIsCut_FindsTheData()
    {
        var stream = ": hi\n\nid: 1\ndata: {\"a\":\ndata:1}\n\nevent: x\r\ndata: two\r\n\r\ndata: é\r\rdata: lost"u8.ToArray();
        for (var step = 1; step <= stream.Length; step++)
        {
            var found = new List<string>();
            var tap = new SseTap(data => found.Add(Encoding.UTF8.GetString(data.Span)), 1000);

            foreach (var piece in stream.Chunk(step))
                tap.Feed(piece);

            Assert.Equal(["{\"a\":\n1}", "two", "é"], found);
        }
    }

    [Fact]
    public void SseTap_WithAnEndlessEvent_Refuses() =>
        Assert.Throws<IOException>(() => new SseTap(_ => { }, 10).Feed("data: 0123456789\n\n"u8));

    [Fact]
    public void LineReader_WhateverTheBufferHolds_CutsAtLineEndsOnly()
    {
        var lines = Enumerable.Range(0, 50).Select(n => new string((char)('a' + (n % 26)), n * 4001)).ToArray();
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(string.Join("\n", lines) + "\r\nlost"));
        var reader = new LineReader(stream, 250_000);

        var read = new List<string>();
        while (reader.Read() is { } line)
            read.Add(Encoding.UTF8.GetString(line));

        Assert.Equal(lines, read);
    }

    [Fact]
    public void BackOff_Doubles_UpToFiveMinutes()
    {
        var backOff = new BackOff(TimeProvider.System);
        Assert.False(backOff.IsWaiting);

        var pauses = Enumerable.Range(0, 11).Select(_ => backOff.Failed().TotalSeconds);

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300], pauses);
        Assert.True(backOff.IsWaiting);
        backOff.Succeeded();
        Assert.False(backOff.IsWaiting);
    }

    private static string Hash(string json) => ToolHash.Of(RawObject.Read(Encoding.UTF8.GetBytes(json))!);
}
