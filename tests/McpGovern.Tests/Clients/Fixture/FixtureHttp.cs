using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>
/// The fixture over HTTP, so that the suite can call it without a gateway between. No more than the suite needs of a host: it looks at
/// no header but the session's, the revision's and a task's, so whatever the suite asks of a door itself is not asked of this one.
/// </summary>
/// <param name="away">While there is such a file, it hangs up on everybody.</param>
internal sealed class FixtureHttp(FixtureServer fixture, string? away)
{
    private readonly ConcurrentDictionary<string, StreamableHttpServerTransport> _sessions = new();

    public async Task<int> RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        await using var app = builder.Build();
        app.MapPost("/mcp", PostAsync);
        app.MapGet("/mcp", ListenAsync);
        app.MapDelete("/mcp", EndAsync);
        await app.StartAsync();
        Console.WriteLine("ready");
        // Its parent closes stdin when it is done.
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private async Task PostAsync(HttpContext http)
    {
        if (File.Exists(away))
        {
            http.Abort();
            return;
        }

        var message = (await JsonSerializer.DeserializeAsync(http.Request.Body, FixtureContent.TypeInfo<JsonRpcMessage>(), http.RequestAborted))!;
        var version = http.Request.Headers["MCP-Protocol-Version"].ToString();
        if (message is JsonRpcRequest { Params: JsonObject parameters } && (string?)parameters["taskId"] is { } task && http.Request.Headers["Mcp-Name"] != task)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
        else if (string.CompareOrdinal(version, "2026-07-28") >= 0)
        {
            message.Context = new() { ProtocolVersion = version };
            await using var transport = new StreamableHttpServerTransport { Stateless = true };
            await ServeAsync(http, transport, message);
        }
        else if (message is JsonRpcRequest { Method: RequestMethods.Initialize })
        {
            var id = Guid.NewGuid().ToString("N");
            var transport = new StreamableHttpServerTransport { SessionId = id };
            _sessions[id] = transport;
            _ = McpServer.Create(transport, fixture.Options()).RunAsync();
            http.Response.Headers["Mcp-Session-Id"] = id;
            await AnswerAsync(http, transport, message);
        }
        else if (Find(http) is { } transport)
        {
            await AnswerAsync(http, transport, message);
        }
    }

    private async Task ServeAsync(HttpContext http, StreamableHttpServerTransport transport, JsonRpcMessage message)
    {
        await using var server = McpServer.Create(transport, fixture.Options());
        _ = server.RunAsync(http.RequestAborted);
        await AnswerAsync(http, transport, message);
    }

    private static async Task AnswerAsync(HttpContext http, StreamableHttpServerTransport transport, JsonRpcMessage message)
    {
        http.Response.ContentType = "text/event-stream";
        if (!await transport.HandlePostRequestAsync(message, http.Response.Body, StartAsync, http.RequestAborted))
        {
            http.Response.ContentType = null;
            http.Response.StatusCode = StatusCodes.Status202Accepted;
        }

        ValueTask StartAsync(JsonRpcMessage? first)
        {
            // Of a task it knows nothing in the answer, and not by the status.
            var ofTask = message is JsonRpcRequest { Params: JsonObject parameters } && parameters.ContainsKey("taskId");
            http.Response.StatusCode = ofTask && first is JsonRpcError { Error.Code: (int)McpErrorCode.InvalidParams } ? StatusCodes.Status200OK : StatusOf(first);
            return default;
        }
    }

    private static int StatusOf(JsonRpcMessage? first) => first switch
    {
        JsonRpcError { Error.Code: (int)McpErrorCode.MethodNotFound } => StatusCodes.Status404NotFound,
        JsonRpcError => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status200OK,
    };

    private async Task ListenAsync(HttpContext http)
    {
        if (Find(http) is { } transport)
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.Body.FlushAsync();
            await transport.HandleGetRequestAsync(http.Response.Body, http.RequestAborted);
        }
    }

    private async Task EndAsync(HttpContext http)
    {
        if (Find(http) is { SessionId: { } id } transport && _sessions.TryRemove(id, out _))
        {
            await transport.DisposeAsync();
        }
    }

    private StreamableHttpServerTransport? Find(HttpContext http)
    {
        if (_sessions.TryGetValue(http.Request.Headers["Mcp-Session-Id"].ToString(), out var transport))
        {
            return transport;
        }

        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return null;
    }
}
