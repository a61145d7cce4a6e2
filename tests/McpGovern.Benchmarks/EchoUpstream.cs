using System.Text.Json;

namespace McpGovern.Benchmarks;

/// <summary>The least MCP server there is, over stdio: one tool that says nothing.</summary>
internal static class EchoUpstream
{
    public static string[] CommandLine => ["dotnet", Path.Combine(AppContext.BaseDirectory, "McpGovern.Benchmarks.dll"), "upstream"];

    public static async Task<int> RunAsync()
    {
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var message = JsonElement.Parse(line);
            if (!message.TryGetProperty("id", out var id))
            {
                continue;
            }

            var result = message.GetProperty("method").GetString() switch
            {
                "initialize" => """{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1"}}""",
                "tools/list" => """{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}""",
                "tools/call" => """{"content":[]}""",
                _ => null,
            };
            await Console.Out.WriteLineAsync($"{{\"jsonrpc\":\"2.0\",\"id\":{id.GetRawText()},{(result is null ? "\"error\":{\"code\":-32601,\"message\":\"none\"}" : $"\"result\":{result}")}}}");
            await Console.Out.FlushAsync();
        }

        return 0;
    }
}
