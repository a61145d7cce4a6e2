using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace McpGovern.Tests.Server;

/// <summary>Requests of the 2026-07-28 revision to a gateway, with headers that agree with the body unless a test says otherwise.</summary>
internal static class ModernClient
{
    public const string Version = "2026-07-28";

    public const string TasksCapability = """{"extensions":{"io.modelcontextprotocol/tasks":{}}}""";

    public static string Meta(string capabilities = "{}", string more = "") =>
        $$"""{"io.modelcontextprotocol/protocolVersion":"{{Version}}","io.modelcontextprotocol/clientCapabilities":{{capabilities}}{{more}}}""";

    /// <param name="members">Those of the params beside <c>_meta</c>, each with a comma behind it.</param>
    public static string Body(string method, string members = "", string? meta = null) =>
        $$$"""{"jsonrpc":"2.0","id":7,"method":"{{{method}}}","params":{{{{members}}}"_meta":{{{meta ?? Meta()}}}}}""";

    public static HttpRequestMessage Post(HttpGateway gateway, string body, string? name = null, string key = HttpGateway.AgentKey) =>
        Post(new Uri(gateway.Address, "/mcp"), key, body, name);

    public static HttpRequestMessage Post(Uri mcp, string key, string body, string? name)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, mcp) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", Version);
        request.Headers.Add("Mcp-Method", JsonElement.Parse(body).GetProperty("method").GetString());
        if (name is not null)
        {
            request.Headers.Add("Mcp-Name", name);
        }

        return request;
    }

    /// <summary>The status, and the message that answers.</summary>
    public static Task<(int Status, JsonElement Answer)> AskAsync(HttpGateway gateway, HttpRequestMessage request) => AskAsync(gateway.Client, request);

    public static async Task<(int Status, JsonElement Answer)> AskAsync(HttpClient http, HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            return ((int)response.StatusCode, JsonElement.Parse(response.Content.Headers.ContentType!.MediaType == "text/event-stream" ? LastEvent(text) : text));
        }
    }

    public static async Task<JsonElement> ResultAsync(HttpGateway gateway, string method, string members = "", string? name = null, string? meta = null, string key = HttpGateway.AgentKey)
    {
        var (status, answer) = await AskAsync(gateway, Post(gateway, Body(method, members, meta), name, key));
        Assert.True(status == 200 && answer.TryGetProperty("result", out _), $"{status}: {answer}");
        return answer.GetProperty("result");
    }

    private static string LastEvent(string stream) => stream.Split('\n').Last(line => line.StartsWith("data:", StringComparison.Ordinal))[5..];
}
