using System.Net;
using System.Text;
using System.Text.Json;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>A client of the transport of 2024-11-05, event by event.</summary>
internal sealed class SseConnection : IDisposable
{
    private readonly HttpGateway _gateway;
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;
    private readonly string _key;

    private SseConnection(HttpGateway gateway, HttpResponseMessage response, StreamReader reader, string key) =>
        (_gateway, _response, _reader, _key) = (gateway, response, reader, key);

    /// <summary>Where to post to, as the first event says.</summary>
    public string Endpoint { get; private set; } = "";

    public int Heartbeats { get; private set; }

    public static async Task<SseConnection> OpenAsync(HttpGateway gateway, string key = HttpGateway.AgentKey)
    {
        var response = await gateway.BeginAsync(gateway.Request(HttpMethod.Get, "/sse", key));
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        var connection = new SseConnection(gateway, response, new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8), key);
        var (name, data) = (await connection.EventAsync())!.Value;
        Assert.Equal("endpoint", name);
        connection.Endpoint = data;
        return connection;
    }

    public async Task<(HttpStatusCode Status, string Body)> PostAsync(string json, string? endpoint = null, string? key = null)
    {
        using var request = _gateway.Request(HttpMethod.Post, endpoint ?? Endpoint, key ?? _key, Encoding.UTF8.GetBytes(json));
        using var response = await _gateway.Client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Posts a request, and waits on the stream for what answers it.</summary>
    public async Task<JsonElement> AskAsync(string json)
    {
        Assert.Equal(HttpStatusCode.Accepted, (await PostAsync(json)).Status);
        var id = JsonElement.Parse(json).GetProperty("id").GetRawText();
        JsonElement answer;
        do
        {
            answer = JsonElement.Parse((await EventAsync())!.Value.Data);
        }
        while (!answer.TryGetProperty("id", out var answered) || answered.GetRawText() != id);
        return answer;
    }

    public Task<JsonElement> InitializeAsync() => AskAsync(
        """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""");

    /// <summary>The next event, or <c>null</c> at the end of the stream.</summary>
    public async Task<(string Name, string Data)?> EventAsync()
    {
        var name = "message";
        while (await _reader.ReadLineAsync().WaitAsync(Eventually.Limit) is { } line)
        {
            if (line.StartsWith(": keepalive", StringComparison.Ordinal))
            {
                Heartbeats++;
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                name = line[7..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return (name, line[6..]);
            }
        }

        return null;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}
