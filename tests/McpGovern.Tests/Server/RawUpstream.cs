using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using McpGovern.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace McpGovern.Tests.Server;

/// <summary>An MCP server over HTTP that answers in raw text, so that a test can compare bytes.</summary>
internal sealed class RawUpstream : IAsyncDisposable
{
    /// <summary>One member of this definition is in no SDK type.</summary>
    public const string EchoDefinition = """{"name":"echo","description":"says it back","inputSchema":{"type":"object"},"x-vendor":1.50}""";

    private static readonly string Tools =
        $$$"""{"tools":[{{{EchoDefinition}}},{"name":"pay","inputSchema":{"type":"object"}},{"name":"slow","inputSchema":{"type":"object"}},{"name":"steps","inputSchema":{"type":"object"}},{"name":"big","inputSchema":{"type":"object"}}]}""";

    private readonly WebApplication _app;

    private RawUpstream(WebApplication app) => _app = app;

    /// <summary>The bodies of the calls that arrived.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>What <c>echo</c> answers, verbatim.</summary>
    public string Result { get; set; } = """{"content":[{"type":"text","text":"ok"}]}""";

    /// <summary>The JSON-RPC error that every call gets, verbatim, while it is set.</summary>
    public string? Error { get; set; }

    /// <summary>While set, the connection ends without an answer once a call has arrived.</summary>
    public bool HangsUp { get; set; }

    /// <summary>The headers of everything that arrived.</summary>
    public ConcurrentQueue<string> Heads { get; } = new();

    /// <summary>The bodies of the notifications that arrived.</summary>
    public ConcurrentQueue<string> Notifications { get; } = new();

    /// <summary>Lets <c>slow</c> answer.</summary>
    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public UpstreamConfig Config => new("up", "up", "http", null, [], new Dictionary<string, string>(), null,
        new Uri(_app.Urls.First() + "/mcp"), new Dictionary<string, string>());

    public static async Task<RawUpstream> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var upstream = new RawUpstream(app);
        app.MapPost("/mcp", upstream.PostAsync);
        await app.StartAsync();
        return upstream;
    }

    public async ValueTask DisposeAsync()
    {
        Release.TrySetResult();
        await _app.DisposeAsync();
    }

    private async Task PostAsync(HttpContext http)
    {
        Heads.Enqueue(string.Join('\n', http.Request.Headers.Select(header => $"{header.Key}: {header.Value}")));
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync();
        var message = JsonElement.Parse(body);
        if (!message.TryGetProperty("id", out var id))
        {
            Notifications.Enqueue(body);
            http.Response.StatusCode = 202;
            return;
        }

        var method = message.GetProperty("method").GetString();
        if (method == "tools/call")
        {
            Calls.Enqueue(body);
            if (HangsUp)
            {
                http.Abort();
                return;
            }
        }

        var answer = method switch
        {
            "initialize" => """{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"raw","version":"1"}}""",
            "tools/list" => Tools,
            "tools/call" => await CallAsync(http, message.GetProperty("params")),
            "ping" => "{}",
            _ => null,
        };
        var reply = answer is null
            ? $$"""{"jsonrpc":"2.0","id":{{id.GetRawText()}},"error":{"code":-32601,"message":"no such method"} }"""
            : $$"""{"jsonrpc":"2.0","id":{{id.GetRawText()}},"result":{{answer}} }""";
        if (method == "tools/call" && Error is { } error)
        {
            reply = $$"""{"jsonrpc":"2.0","id":{{id.GetRawText()}},"error":{{error}} }""";
        }

        if (http.Response.HasStarted)
        {
            await http.Response.WriteAsync($"data: {reply}\n\n");
            return;
        }

        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(reply);
    }

    private async Task<string> CallAsync(HttpContext http, JsonElement parameters)
    {
        switch (parameters.GetProperty("name").GetString())
        {
            case "slow":
                await Release.Task.WaitAsync(http.RequestAborted);
                return Result;
            case "big":
                return $$"""{"content":[{"type":"text","text":"{{new string('x', 6_000_000)}}"}]}""";
            case "steps":
                var token = parameters.GetProperty("_meta").GetProperty("progressToken").GetRawText();
                http.Response.ContentType = "text/event-stream";
                for (var step = 1; step <= 3; step++)
                {
                    await http.Response.WriteAsync(
                        $$"""data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{token}},"progress":{{step}}.0,"vendor":true} }""" + "\n\n");
                }

                return Result;
            default:
                return Result;
        }
    }
}
