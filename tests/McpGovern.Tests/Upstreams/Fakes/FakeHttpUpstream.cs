using System.Collections.Concurrent;
using System.Text.Json;
using McpGovern.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>
/// An MCP server over HTTP written by hand on a free loopback port: Streamable HTTP at <c>/mcp</c>, the old SSE pair at <c>/sse</c> and
/// <c>/message</c>. What a call does is in <see cref="FakeHttpTools"/>.
/// </summary>
internal sealed class FakeHttpUpstream : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, bool> _sessions = new();
    private readonly WebApplication _app;
    private volatile TaskCompletionSource<HttpResponse> _pushStream = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FakeHttpUpstream(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>Answers to posts come as event streams, not as JSON.</summary>
    public bool Stream { get; init; }

    /// <summary>Speaks 2026-07-28: no sessions, no <c>initialize</c>.</summary>
    public bool Modern { get; init; }

    /// <summary>Added to the definition of the tool <c>echo</c>.</summary>
    public required string EchoSchema { get; init; }

    /// <summary>What the SSE stream names as the address to post to.</summary>
    public required string MessageEndpoint { get; init; }

    /// <summary>What happens while somebody connects.</summary>
    public Func<Task> OnInitialize { get; set; } = () => Task.CompletedTask;

    /// <summary>The one <c>Authorization</c> that is good; null for any and none.</summary>
    public string? Accepts { get; set; }

    /// <summary>More tools, by name.</summary>
    public IReadOnlyList<string> Extra { get; init; } = [];

    /// <summary>Where the client's answer to a request of ours arrives, whole.</summary>
    public ConcurrentDictionary<string, TaskCompletionSource<string>> Asked { get; } = new();

    /// <summary>Lets go of the subscriptions that there are.</summary>
    public CancellationTokenSource Listening { get; set; } = new();

    /// <summary>Ends what is <c>slow</c> without a time.</summary>
    public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<string> Ledger { get; } = new();

    /// <summary>Every message received: its method, or <c>DELETE</c>; a call that its caller dropped as <c>dropped</c>.</summary>
    public ConcurrentQueue<string> Seen { get; } = new();

    /// <summary>The headers of the last <c>tools/call</c>.</summary>
    public Dictionary<string, string> LastHeaders { get; private set; } = [];

    public Uri Root => new(_app.Urls.First());

    public static async Task<FakeHttpUpstream> StartAsync(
        bool stream = false, bool modern = false, string? echoSchema = null, string messageEndpoint = "/message", int port = 0,
        params string[] extra)
    {
        var upstream = new FakeHttpUpstream(port)
        {
            Stream = stream,
            Modern = modern,
            EchoSchema = echoSchema ?? """{"type":"object"}""",
            MessageEndpoint = messageEndpoint,
            Extra = extra,
        };
        await upstream._app.StartAsync();
        return upstream;
    }

    public UpstreamConfig Config(string path = "/mcp", string transport = "http", params (string Name, string Value)[] headers) => new(
        "web", "web", transport, null, [], new Dictionary<string, string>(), null, new Uri(Root, path),
        headers.ToDictionary(header => header.Name, header => header.Value));

    /// <summary>Forgets every session, as a restart would.</summary>
    public void ExpireSessions() => _sessions.Clear();

    /// <summary>Writes to the stream that the client holds open beside its posts.</summary>
    public async Task PushAsync(string message) => await WriteEventAsync(await _pushStream.Task, message);

    public Task StopAsync() => _app.StopAsync(new CancellationToken(canceled: true));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app.DisposeAsync();
    }

    public static async Task WriteEventAsync(HttpResponse response, string data, string type = "message")
    {
        await response.WriteAsync($"event: {type}\ndata: {data}\n\n");
        await response.Body.FlushAsync();
    }

    private Task HandleAsync(HttpContext context)
    {
        if (Accepts is not { } good || context.Request.Headers.Authorization == good)
            return RouteAsync(context);
        Seen.Enqueue("refused");
        return Answered(() => context.Response.StatusCode = 401);
    }

    private Task RouteAsync(HttpContext context) => (context.Request.Method, context.Request.Path.Value) switch
    {
        ("POST", "/mcp") => PostAsync(context),
        ("GET", "/mcp") when !Modern => HoldStreamAsync(context, first: null),
        ("GET", "/sse") => HoldStreamAsync(context, first: MessageEndpoint),
        ("POST", "/message") => PostMessageAsync(context),
        ("DELETE", "/mcp") => Answered(() => Seen.Enqueue("DELETE")),
        _ => Answered(() => context.Response.StatusCode = 405),
    };

    private static Task Answered(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private async Task HoldStreamAsync(HttpContext context, string? first)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync();
        if (first is not null)
            await WriteEventAsync(context.Response, first, "endpoint");
        _pushStream.TrySetResult(context.Response);
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _pushStream = new TaskCompletionSource<HttpResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private async Task PostAsync(HttpContext context)
    {
        using var document = await JsonDocument.ParseAsync(context.Request.Body);
        var message = document.RootElement.Clone();
        if (!message.TryGetProperty("method", out _))
        {
            Seen.Enqueue($"answer {message.GetRawText()}");
            Asked.GetOrAdd(message.GetProperty("id").GetRawText(), _ => new()).TrySetResult(message.GetRawText());
            context.Response.StatusCode = 202;
            return;
        }

        var method = Note(context, message);
        var session = context.Request.Headers["Mcp-Session-Id"].ToString();
        if (method == "initialize" && !Modern)
        {
            await OnInitialize();
            session = Guid.NewGuid().ToString("N");
            _sessions[session] = true;
            context.Response.Headers["Mcp-Session-Id"] = session;
        }
        else if (!Modern && !_sessions.ContainsKey(session))
        {
            // As many servers do, with the caller's id although nothing of the call was looked at.
            context.Response.StatusCode = session.Length == 0 ? 400 : 404;
            await context.Response.WriteAsJsonAsync(new { jsonrpc = "2.0", id = Id(message), error = new { code = -32001, message = "Session not found" } });
            return;
        }

        if (!message.TryGetProperty("id", out _))
            context.Response.StatusCode = 202;
        else
            await FakeHttpTools.AnswerAsync(this, new FakeHttpCall(context, message, Stream ? Reply.Stream : Reply.Json));
    }

    private async Task PostMessageAsync(HttpContext context)
    {
        using var document = await JsonDocument.ParseAsync(context.Request.Body);
        var message = document.RootElement.Clone();
        Note(context, message);
        context.Response.StatusCode = 202;
        // Beside the post, which ends at once: the connection is free for the next one.
        if (message.TryGetProperty("id", out _))
            _ = FakeHttpTools.AnswerAsync(this, new FakeHttpCall(context, message, Reply.Push));
    }

    private string Note(HttpContext context, JsonElement message)
    {
        var method = message.GetProperty("method").GetString()!;
        if (method == "tools/call")
            LastHeaders = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        Seen.Enqueue(method);
        return method;
    }

    private static string? Id(JsonElement message) =>
        message.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
}
