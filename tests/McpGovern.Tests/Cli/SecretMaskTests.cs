using System.Text;
using McpGovern.Cli;

namespace McpGovern.Tests.Cli;

/// <summary>What a printed diff shows of a client's file.</summary>
public sealed class SecretMaskTests
{
    [Theory]
    [InlineData("""{ "a": { "command": "npx", "args": ["-y", "pkg"], "cwd": "/x" } }""", """{ "a": { "command": "npx", "args": ["-y", "pkg"], "cwd": "/x" } }""")]
    [InlineData("""{"a":{"env":{"T":"s3cret","E":"","R":"${T}","V":"${env:T}","D":"${T:-s3cret}"}}}""", """{"a":{"env":{"T":"***","E":"","R":"${T}","V":"${env:T}","D":"***"}}}""")]
    [InlineData("""{"a":{"headers":{"Authorization":"Bearer ${T}","X":"Bearer s3cret"}}}""", """{"a":{"headers":{"Authorization":"Bearer ${T}","X":"***"}}}""")]
    [InlineData("""{"a":{"oauth":{"client":{"id":"s3cret"}},"note":"s3cret","timeout":5}}""", """{"a":{"oauth":{"client":{"id":"***"}},"note":"***","timeout":5}}""")]
    [InlineData("""{"a":{"args":["--api-key","s3cret","--token=s3cret","API_KEY=s3cret","run"]}}""", """{"a":{"args":["--api-key","***","--token=***","API_KEY=***","run"]}}""")]
    [InlineData("""{"a":{"args":["--header","Authorization: Bearer s3cret","https://me:s3cret@x/y?k=s3cret"]}}""", """{"a":{"args":["--header","***","https://***@x/y?***"]}}""")]
    [InlineData("""{"a":{"url":"https://me:s3cret@x.example/mcp?key=s3cret"},"b":{"httpUrl":"https://x.example/mcp"}}""", """{"a":{"url":"https://***@x.example/mcp?***"},"b":{"httpUrl":"https://x.example/mcp"}}""")]
    [InlineData("{\"a\":{\"env\":{\"T\":\"s3\\u0063ret\",},},}", "{\"a\":{\"env\":{\"T\":\"***\",},},}")]
    [InlineData("""{"a":{"env":{"F":"${file:~/t.txt}","C":"${cmd:vault read -field=x kv/y}"},"headers":{"Authorization":"Bearer ${file:t.txt}"}}}""",
        """{"a":{"env":{"F":"${file:~/t.txt}","C":"${cmd:vault read -field=x kv/y}"},"headers":{"Authorization":"Bearer ${file:t.txt}"}}}""")]
    [InlineData("""{"a":{"env":{"M":"s3cret${file:t}s3cret${T}","U":"${file:t","N":"${file:${T}}","O":"${FOO} s3cret"}}}""",
        """{"a":{"env":{"M":"***${file:t}***${T}","U":"***","N":"***${T}***","O":"${FOO}***"}}}""")]
    [InlineData("""{"a":{"url":"https://x.example/mcp?key=${cmd:pass show k}","args":["--token","${T}","--key=${T}","--key=s3cret","Authorization: Bearer ${T}"]}}""",
        """{"a":{"url":"https://x.example/mcp?***${cmd:pass show k}","args":["--token","${T}","--key=${T}","--key=***","Authorization: Bearer ${T}"]}}""")]
    [InlineData("""{"a":{"env":{"C":"${cmd:get --token s3cret --key=s3cret 'Authorization: s3cret' https://me:s3cret@x/y?s3cret}"}}}""",
        """{"a":{"env":{"C":"${cmd:get --token *** --key=*** 'Authorization:***' https://***@x/y?***}"}}}""")]
    public void Block_OfServers_ShowsHowTheyAreReachedAlone(string block, string shown) => Assert.Equal(shown, SecretMask.Of(block));

    [Fact]
    public void File_AroundTheServers_ShowsNoText()
    {
        const string Before = "\uFEFF{\n  // s3cret\n  \"primaryApiKey\": \"s3cret\", \"n\": 1, \"list\": [\"s3cret\"],\n  \"mcpServers\": ", Block = """{ "a": { "command": "npx" } }""", Behind = ",\n  /* s3cret */ \"k\": \"s3cret\"\n}\n";
        var start = Encoding.UTF8.GetByteCount(Before);

        var shown = SecretMask.Of(Encoding.UTF8.GetBytes(Before + Block + Behind), start, start + Block.Length);

        Assert.Equal("{\n  // ***\n  \"primaryApiKey\": \"***\", \"n\": 1, \"list\": [\"***\"],\n  \"mcpServers\": { \"a\": { \"command\": \"npx\" } },\n  /* *** */ \"k\": \"***\"\n}\n", shown);
    }
}
