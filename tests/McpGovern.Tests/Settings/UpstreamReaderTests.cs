using McpGovern.Settings;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Settings;

public sealed class UpstreamReaderTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Load_WithAClientsJson_TakesItUnchanged()
    {
        scratch.Environment["API_KEY"] = "k";
        var result = SettingsLoad.Load(scratch.Sources(), scratch.Write("vscode.json", """
            {
              "policy": {"default": "deny"},
              "inputs": [{"type": "promptString", "id": "token"}],
              "servers": {
                "my files": {
                  "type": "stdio", "command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "${workspaceFolder}", ""],
                  "env": {"API_KEY": "${env:API_KEY}", "LEVEL": "${LEVEL:-info}", "PORT": 80, "EMPTY": ""}, "cwd": "sub", "gallery": true
                },
                "docs": {"type": "streamable-http", "url": "https://docs.example/mcp"},
                "old": {"type": "sse", "url": "https://old.example/sse"},
                "gemini": {"httpUrl": "https://gemini.example/mcp"},
                "windsurf": {"serverUrl": "https://windsurf.example/mcp"},
                "off": {"command": "x", "disabled": true, "args": ["${NOT_SET}"], "envFile": ".env"}
              }
            }
            """));
        Assert.Empty(result.Errors);
        Assert.Equal("vscode.json:7: server 'my files': 'gallery' is a client's own key and is ignored; leave it, or remove it",
            Assert.Single(result.Warnings).ToString().Replace(scratch.Folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal));
        var upstreams = result.Settings!.Upstreams;
        Assert.Equal(["my files", "docs", "old", "gemini", "windsurf"], upstreams.Select(u => u.Name));
        Assert.Equal(["my_files", "docs", "old", "gemini", "windsurf"], upstreams.Select(u => u.GovernedName));
        Assert.Equal(["stdio", "http", "sse", "http", "http"], upstreams.Select(u => u.Transport));
        Assert.Equal(["-y", "@modelcontextprotocol/server-filesystem", scratch.Folder, ""], upstreams[0].Args);
        Assert.Equal(Path.Combine(scratch.Folder, "sub"), upstreams[0].Cwd);
        Assert.Equal(
            new Dictionary<string, string> { ["API_KEY"] = "k", ["LEVEL"] = "info", ["PORT"] = "80", ["EMPTY"] = "" }, upstreams[0].Env);
    }

    [Theory]
    [InlineData("a: { command: x, url: 'http://x' }", "both 'command' and 'url'")]
    [InlineData("a: { url: 'http://x', httpUrl: 'http://y' }", "it has a second address, 'httpUrl'")]
    [InlineData("a: { command: x, envFile: .env }", "'envFile' is not read here; write its variables as env")]
    [InlineData("a: x", "server 'a': this is 'x'")]
    [InlineData("a: { type: http, command: x }", "'type' is 'http', but it has 'command'")]
    [InlineData("a: { type: pipe, command: x }", "unknown type 'pipe'")]
    [InlineData("a: { url: 'ftp://x' }", "no http or https address")]
    [InlineData("a: { command: x, args: -y }", "'args' is '-y'")]
    [InlineData("a: { command: x, args: ['${NOPE}'] }", "the variable NOPE is not set")]
    [InlineData("a: { command: x, env: { T: '${NOPE}' } }", "the variable NOPE is not set")]
    [InlineData("a: { url: 'http://x', headers: { T: '${NOPE}' } }", "the variable NOPE is not set")]
    [InlineData("a: { command: x, env: { T: '${input:token}' } }", "asks in a client")]
    [InlineData("a: { command: x, env: { T: [1] } }", "'env.T' is a list")]
    [InlineData("a: { command: x, args: ['${file:token}'] }", "${file:...} is not read here; files and commands are read in a server's env, headers and url")]
    [InlineData("a: { command: '${cmd:which x}' }", "${cmd:...} is not read here")]
    [InlineData("a: { command: x, env: { T: '${file:}' } }", "${file:} names no file")]
    [InlineData("a: { command: x, env: { T: '${cmd: }' } }", "names no program, or has an odd quote")]
    [InlineData("a: { command: x, env: { T: '${file:token' } }", "a reference is not closed, or has another in it")]
    [InlineData("a: { command: x, env: { T: '${file:${HOME}/token}' } }", "a reference is not closed, or has another in it")]
    [InlineData("a: { command: x, env: { T: '${file:token} ${NOPE}' } }", "the variable NOPE is not set")]
    [InlineData("a: { url: 'http://${file:host}/mcp' }", "a file or command says which host it is")]
    [InlineData("a: { url: 'http://x.example${file:host}/mcp' }", "a file or command says which host it is")]
    [InlineData("a: { url: 'http://${file:user}@x.example/mcp' }", "a file or command says which host it is")]
    [InlineData("a: { url: '${file:all}' }", "a file or command says which host it is")]
    [InlineData("a: { url: 'http://x', network: private }", "unknown network 'private'; use any or public")]
    [InlineData("a: { command: x, network: public }", "'network' is about an address")]
    [InlineData("a b: { command: x }\n  a_b: { command: y }", "policy reads this name like 'a b' in line 3")]
    public void Load_WithAFault_SaysWhat(string servers, string expected)
    {
        var result = scratch.Load($"policy: {{ default: deny }}\nmcpServers:\n  {servers}\n");
        Assert.Contains(expected, Assert.Single(result.Errors).ToString(), StringComparison.Ordinal);
    }
}
